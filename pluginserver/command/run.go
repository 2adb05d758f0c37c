package command

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"tollgate/pluginserver/process"
	"tollgate/pluginserver/registry"
)

func healthCommand(s *settings) *cobra.Command {
	timeout := time.Second
	cmd := &cobra.Command{
		Use: "health", Short: "Ask the running server over its socket; exit code 0 if it answers", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			names, err := process.Probe(s.socketPath(), timeout)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), process.Describe(s.socketPath(), names))
			return err
		},
	}
	cmd.Flags().DurationVar(&timeout, "timeout", timeout, "how long the server may take to answer")
	return cmd
}

func runCommand(s *settings, code *int) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "run [flags] -- COMMAND [ARGUMENT...]",
		Short: "Run the plugin server and the gateway's COMMAND under one parent: the image's entrypoint",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, gateway []string) error {
			err := s.checked()
			if err != nil {
				return err
			}
			*code, err = s.supervise(cmd.Flags(), gateway)
			return err
		},
	}
	s.addServeFlags(cmd.Flags())
	cmd.Flags().SetInterspersed(false) // the gateway's own flags are not ours
	return cmd
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
