// Command kongsim runs the stand-in for Kong in the foreground. It is
// configured by Kong's own environment variables, so that a script can start
// it and Kong alike:
//
//	KONG_DECLARATIVE_CONFIG            file in decK's format, read again on SIGHUP
//	KONG_PREFIX                        where relative paths and default sockets lie, .
//	KONG_PROXY_LISTEN                  the first listener without ssl, 127.0.0.1:8000
//	KONG_PLUGINS                       names, or bundled
//	KONG_PLUGINSERVER_NAMES            names, comma separated
//	KONG_PLUGINSERVER_<NAME>_SOCKET    <prefix>/<name>.socket
//	KONG_PLUGINSERVER_<NAME>_QUERY_CMD run by a shell
//	KONG_TRUSTED_IPS, KONG_REAL_IP_HEADER, KONG_REAL_IP_RECURSIVE
//	KONG_NGINX_WORKER_PROCESSES        a number, or auto for 2
//	KONG_PROXY_ACCESS_LOG              file or off, /dev/stdout; JSON lines
//	KONG_PROXY_ERROR_LOG               file, /dev/stderr
//	KONG_LOG_LEVEL                     notice
//
// It starts no plugin server: KONG_PLUGINSERVER_<NAME>_START_CMD is refused.
package main
