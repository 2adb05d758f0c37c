# Kong Gateway with the Tollgate plugins enabled.
#
#   docker build -t tollgate .
#   buildah build --format docker -t tollgate .    (the OCI format has no HEALTHCHECK)
#
# KONG_IMAGE may be any image of Kong 3.9 with a shell and one of Kong's own entrypoints; pin it with
# --build-arg KONG_IMAGE=kong@sha256:...

ARG GO_IMAGE=golang:1.26
ARG KONG_IMAGE=kong:3.9.3

FROM ${GO_IMAGE} AS build
ENV CGO_ENABLED=0
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    go build -trimpath -ldflags "-s -w" -o /out/pluginserver ./pluginserver

FROM ${KONG_IMAGE}

LABEL org.opencontainers.image.title="tollgate" \
      org.opencontainers.image.description="Kong Gateway with the plugins header-guard, jwks-verify and tiered-limit" \
      org.opencontainers.image.licenses="Apache-2.0"

USER root

# No file here may have a plugin's name: Kong would start /usr/local/bin/tiered-limit by itself.
COPY --from=build --chown=root:root --chmod=0755 /out/pluginserver /usr/local/bin/pluginserver

# Docker's official image has its entrypoint at /docker-entrypoint.sh, the images kong/kong and
# kong/kong-gateway at /entrypoint.sh. The folder of the socket belongs to kong, so that a volume
# mounted there, as a read-only root needs it, takes its owner over.
RUN set -eu; \
    for file in /docker-entrypoint.sh /entrypoint.sh; do \
        if [ -x "$file" ]; then entrypoint=$file; break; fi; \
    done; \
    ln -s "${entrypoint:?the base image has none of the entrypoints of Kong}" /kong-entrypoint; \
    install -d -o kong -g 0 -m 0775 /usr/local/kong/tollgate

USER kong

# The socket's place does not follow KONG_PREFIX: to move it, set all four.
ENV KONG_PLUGINS=bundled,header-guard,jwks-verify,tiered-limit \
    KONG_PLUGINSERVER_NAMES=header-guard,jwks-verify,tiered-limit \
    KONG_PLUGINSERVER_HEADER_GUARD_QUERY_CMD="/usr/local/bin/pluginserver dump header-guard" \
    KONG_PLUGINSERVER_JWKS_VERIFY_QUERY_CMD="/usr/local/bin/pluginserver dump jwks-verify" \
    KONG_PLUGINSERVER_TIERED_LIMIT_QUERY_CMD="/usr/local/bin/pluginserver dump tiered-limit" \
    KONG_PLUGINSERVER_HEADER_GUARD_SOCKET=/usr/local/kong/tollgate/server.socket \
    KONG_PLUGINSERVER_JWKS_VERIFY_SOCKET=/usr/local/kong/tollgate/server.socket \
    KONG_PLUGINSERVER_TIERED_LIMIT_SOCKET=/usr/local/kong/tollgate/server.socket \
    TOLLGATE_SOCKET=/usr/local/kong/tollgate/server.socket

# Kong runs these when it starts. Here they show that the binary runs on this base, as kong.
RUN for plugin in header-guard jwks-verify tiered-limit; do \
        pluginserver dump "$plugin" > /dev/null || exit 1; \
        if [ -e "/usr/local/bin/$plugin" ]; then echo "/usr/local/bin/$plugin must not exist"; exit 1; fi; \
    done

STOPSIGNAL SIGQUIT

# kong health looks at the process ids of nginx only.
HEALTHCHECK --interval=10s --timeout=10s --start-period=30s --retries=3 \
    CMD kong health && pluginserver health

ENTRYPOINT ["/usr/local/bin/pluginserver", "run", "--", "/kong-entrypoint"]
CMD ["kong", "docker-start"]
