// Package command is the command line of pluginserver:
//
//	pluginserver [serve]                    the plugins on a unix socket
//	pluginserver run -- COMMAND             the same, beside the gateway, under one parent
//	pluginserver dump PLUGIN                what Kong's query command reads
//	pluginserver health                     whether a server answers, and with --gateway Kong too
//	pluginserver render FILE                a configuration with its references to the environment replaced
//	pluginserver version                    which build this is
//	pluginserver quota show CONSUMER        what a consumer may use today, as tiered-limit counts it
//	pluginserver quota grant CONSUMER N     N requests more, until the day ends
//	pluginserver quota reset CONSUMER       the day as if nothing were used
//	pluginserver token explain < TOKEN      how a token fares, as jwks-verify judges it
//
// Under the name of a plugin it is a server as go-pdk's are, of that plugin.
package command
