// Package command is the command line of pluginserver.
package command
