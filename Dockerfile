# Kong Gateway with the Tollgate plugins enabled.
#
#   docker build -t tollgate .
#   buildah build --format docker -t tollgate .    (the OCI format has no HEALTHCHECK)
#
# Arguments, each by --build-arg:
#
#   KONG_IMAGE        the base: any image of Kong 3.9 or later. Pin it by digest in production, as
#                     kong:3.9.3@sha256:…; `docker buildx imagetools inspect kong:3.9.3` prints the digest.
#                     Enterprise: kong/kong-gateway:3.10, :3.14, also their -distroless variants.
#   KONG_ENTRYPOINT   where the base's own entrypoint may be, separated by commas; the first that exists is
#                     used. Empty where the command needs none.
#   GO_IMAGE          what the binary is built with
#   VERSION, REVISION, CREATED    for the labels, and for `pluginserver version`
#
# The last stage runs nothing, so a base without a shell does too. --target demo builds the issuer and the
# upstream of docker-compose.yml.

ARG GO_IMAGE=golang:1.26
ARG KONG_IMAGE=kong:3.9.3

FROM ${GO_IMAGE} AS source
ENV CGO_ENABLED=0
WORKDIR /src
COPY go.mod go.sum ./
COPY internal internal
COPY plugins plugins
COPY pluginserver pluginserver

FROM source AS demo-build
COPY test/echo test/echo
COPY test/issuer test/issuer
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    go build -trimpath -ldflags "-s -w" -o /out/echo ./test/echo/cmd && \
    go build -trimpath -ldflags "-s -w" -o /out/issuer ./test/issuer/cmd

# For demonstrations only: anyone who reaches the issuer gets any token.
FROM scratch AS demo
COPY --from=demo-build /out/echo /out/issuer /
USER 65532:65532

FROM source AS build
ARG VERSION=devel
ARG REVISION
ARG CREATED
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    go build -trimpath -ldflags "-s -w \
        -X tollgate/pluginserver/build.version=$VERSION \
        -X tollgate/pluginserver/build.revision=$REVISION \
        -X tollgate/pluginserver/build.created=$CREATED" -o /out/bin/pluginserver ./pluginserver
# Kong runs the dumps when it starts. Here they show that the binary runs.
RUN for plugin in header-guard jwks-verify tiered-limit; do /out/bin/pluginserver dump "$plugin" > /dev/null || exit 1; done
RUN mkdir -p /out/prefix/tollgate

FROM ${KONG_IMAGE}
ARG KONG_ENTRYPOINT=/docker-entrypoint.sh,/entrypoint.sh
ARG VERSION=devel
ARG REVISION
ARG CREATED
LABEL org.opencontainers.image.title="tollgate" \
      org.opencontainers.image.description="Kong Gateway with the plugins header-guard, jwks-verify and tiered-limit" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"

# No file here may have a plugin's name: Kong would start /usr/local/bin/tiered-limit by itself.
COPY --from=build --chown=root:root --chmod=0755 /out/bin/pluginserver /usr/local/bin/pluginserver
# The folder of the socket is empty and belongs to kong, and so does a volume that is mounted there, which
# takes its owner over.
COPY --from=build --chown=kong:0 --chmod=0775 /out/prefix/ /usr/local/kong/

USER kong

# The socket's place does not follow KONG_PREFIX: to move it, set all four. TOLLGATE_GATEWAY is for
# `pluginserver health`; it goes with KONG_STATUS_LISTEN.
ENV KONG_PLUGINS=bundled,header-guard,jwks-verify,tiered-limit \
    KONG_PLUGINSERVER_NAMES=header-guard,jwks-verify,tiered-limit \
    KONG_PLUGINSERVER_HEADER_GUARD_QUERY_CMD="/usr/local/bin/pluginserver dump header-guard" \
    KONG_PLUGINSERVER_JWKS_VERIFY_QUERY_CMD="/usr/local/bin/pluginserver dump jwks-verify" \
    KONG_PLUGINSERVER_TIERED_LIMIT_QUERY_CMD="/usr/local/bin/pluginserver dump tiered-limit" \
    KONG_PLUGINSERVER_HEADER_GUARD_SOCKET=/usr/local/kong/tollgate/server.socket \
    KONG_PLUGINSERVER_JWKS_VERIFY_SOCKET=/usr/local/kong/tollgate/server.socket \
    KONG_PLUGINSERVER_TIERED_LIMIT_SOCKET=/usr/local/kong/tollgate/server.socket \
    TOLLGATE_SOCKET=/usr/local/kong/tollgate/server.socket \
    TOLLGATE_ENTRYPOINT=${KONG_ENTRYPOINT} \
    TOLLGATE_GATEWAY=http://127.0.0.1:8007/status

STOPSIGNAL SIGQUIT

# kong health, the base's own, looks only whether nginx's processes are there.
HEALTHCHECK --interval=10s --timeout=10s --start-period=30s --retries=3 \
    CMD ["/usr/local/bin/pluginserver", "health"]

ENTRYPOINT ["/usr/local/bin/pluginserver", "run", "--"]
CMD ["kong", "docker-start"]
