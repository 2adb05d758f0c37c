// Pluginserver runs the Tollgate plugins beside Kong Gateway.
package main

import (
	"os"

	"tollgate/pluginserver/command"
)

func main() { os.Exit(command.Execute(os.Args)) }
