package command

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"tollgate/pluginserver/process"
	"tollgate/pluginserver/registry"
)

const runHelp = `Run the plugin server and the gateway's COMMAND under one parent: the image's entrypoint.

The server is started first; once it answers, COMMAND. From then on a server that dies or gives no answer
is replaced, signals go to COMMAND, and its end ends all, with its exit code. In an image of Kong, COMMAND
is an argument of the image's own entrypoint: --entrypoint names the files where that may be.`

func runCommand(s *settings, code *int) *cobra.Command {
	var entrypoints []string
	cmd := &cobra.Command{
		Use:   "run [flags] -- COMMAND [ARGUMENT...]",
		Short: "Run the plugin server and the gateway's COMMAND under one parent: the image's entrypoint",
		Long:  runHelp,
		Args:  cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, gateway []string) error {
			err := s.checked()
			if err != nil {
				return err
			}
			if gateway, err = throughEntrypoint(entrypoints, gateway); err != nil {
				return err
			}
			*code, err = s.supervise(cmd.Flags(), gateway)
			return err
		},
	}
	s.addServeFlags(cmd.Flags())
	cmd.Flags().StringSliceVar(&entrypoints, entrypointFlag, nil, "programs that start COMMAND, of which the first that exists does; the default is none")
	cmd.Flags().SetInterspersed(false) // the gateway's own flags are not ours
	return cmd
}

// entrypointFlag is not the server's.
const entrypointFlag = "entrypoint"

// throughEntrypoint gives the command to the first of the entrypoints that exists. Docker's official image of
// Kong has its own at another place than Kong's images.
func throughEntrypoint(entrypoints, command []string) ([]string, error) {
	if len(entrypoints) == 0 {
		return command, nil
	}
	for _, path := range entrypoints {
		if _, err := os.Stat(path); err == nil {
			return append([]string{path}, command...), nil
		}
	}
	return nil, fmt.Errorf("%s: none of these exists: %s", entrypointFlag, strings.Join(entrypoints, ", "))
}

// checked finds mistakes in the settings before a server is started that would only die of them.
func (s *settings) checked() error {
	if _, err := s.mode(); err != nil {
		return err
	}
	return registry.Check(s.plugins)
}

func (s *settings) supervise(flags *pflag.FlagSet, gateway []string) (code int, err error) {
	log, err := s.logger()
	if err != nil {
		return 1, err
	}
	self, err := os.Executable()
	if err != nil {
		return 1, fmt.Errorf("finding the plugin server's own file: %w", err)
	}
	server := []string{self, "serve"}
	flags.Visit(func(f *pflag.Flag) {
		if f.Name == entrypointFlag {
			return
		}
		// What came from the environment comes to the child the same way.
		server = append(server, "--"+f.Name+"="+flagText(f))
	})
	supervisor := process.Supervisor{
		Server: server, Gateway: gateway, Socket: s.socketPath(), Log: log, Timing: process.DefaultTiming(),
	}
	return supervisor.Run()
}

// flagText is the flag's value as it is given on a command line.
func flagText(f *pflag.Flag) string {
	if list, ok := f.Value.(pflag.SliceValue); ok {
		return strings.Join(list.GetSlice(), ",")
	}
	return f.Value.String()
}
