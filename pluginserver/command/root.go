package command

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"tollgate/pluginserver/registry"
)

// Execute runs the command line and returns the process's exit code. Under the name of a plugin, as
// Kong's defaults start it, the command line is that of go-pdk's servers.
func Execute(argv []string, options ...Option) int {
	s, code := defaultSettings(), 0
	for _, option := range options {
		option(s)
	}
	root := newRoot(s, &code)
	if name := filepath.Base(argv[0]); slices.Contains(registry.Names(), name) {
		root = newNamed(s, name)
	}
	root.SetArgs(longFlags(argv[1:]))
	if err := root.Execute(); err != nil {
		fmt.Fprintln(os.Stderr, "pluginserver:", err)
		return max(code, 1)
	}
	return code
}

// longFlags lets the flags of go-pdk's servers be written with one dash, as Kong and its users do:
// -kong-prefix, -dump and -help. What follows a -- is left alone.
func longFlags(args []string) []string {
	args = slices.Clone(args)
	for i, arg := range args {
		if arg == "--" {
			break
		}
		name, _, _ := strings.Cut(arg, "=")
		if slices.Contains([]string{"-kong-prefix", "-dump", "-help"}, name) {
			args[i] = "-" + arg
		}
	}
	return args
}

func newRoot(s *settings, code *int) *cobra.Command {
	root := &cobra.Command{
		Use:   "pluginserver",
		Short: "The Tollgate plugins for Kong Gateway: header-guard, jwks-verify, tiered-limit",
		Long: "The Tollgate plugins for Kong Gateway: header-guard, jwks-verify, tiered-limit.\n\n" +
			"Without a command it serves. Each flag can be given as an environment variable too:\n" +
			"--socket-mode as TOLLGATE_SOCKET_MODE, and so on; a flag outranks it.",
		Args:              noArgument,
		SilenceUsage:      true,
		SilenceErrors:     true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error { return s.fromEnvironment(cmd.Flags()) },
		RunE:              func(cmd *cobra.Command, _ []string) error { return serve(cmd.Context(), s) },
	}
	s.addSocketFlags(root.PersistentFlags())
	s.addServeFlags(root.Flags())
	root.AddCommand(serveCommand(s), dumpCommand(), healthCommand(s), quotaCommand(s), runCommand(s, code), tokenCommand(s, code), guardCommand(s, code),
		renderCommand(), versionCommand())
	return root
}

// commandName is what a command's name looks like, ours or a mistaken one.
var commandName = regexp.MustCompile(`^[a-z-]{1,20}$`)

// noArgument repeats what may be a mistaken command, and nothing else: an operator's token is longer, or of other
// characters.
func noArgument(cmd *cobra.Command, args []string) error {
	switch {
	case len(args) == 0:
		return nil
	case commandName.MatchString(args[0]):
		return fmt.Errorf("unknown command %q for %q", args[0], cmd.CommandPath())
	}
	return fmt.Errorf("unknown command: see %s --help", cmd.CommandPath())
}

// newNamed is the command line under the name of one plugin.
func newNamed(s *settings, name string) *cobra.Command {
	s.plugins = []string{name}
	s.status = "" // Kong may run several of these, old and new, at once
	var dumps bool
	cmd := &cobra.Command{
		Use: name, Short: "Serves the plugin " + name + " on <kong prefix>/" + name + ".socket",
		Args: cobra.NoArgs, SilenceUsage: true, SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if dumps {
				return dump(cmd.OutOrStdout(), name)
			}
			s.socket = filepath.Join(s.prefix, name+".socket")
			s.waitForSocket = true
			return serve(cmd.Context(), s)
		},
	}
	cmd.Flags().StringVar(&s.prefix, "kong-prefix", s.prefix, "Kong's prefix directory")
	cmd.Flags().BoolVar(&dumps, "dump", false, "print what Kong's query command reads, and end")
	s.addModeFlag(cmd.Flags())
	s.addLogFlags(cmd.Flags())
	return cmd
}

func serveCommand(s *settings) *cobra.Command {
	cmd := &cobra.Command{
		Use: "serve", Short: "Serve the plugins on a unix socket (the default)", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return serve(cmd.Context(), s) },
	}
	s.addServeFlags(cmd.Flags())
	return cmd
}

func dumpCommand() *cobra.Command {
	return &cobra.Command{
		Use: "dump PLUGIN", Short: "Print what Kong's query command reads: name, phases, priority, schema",
		Args: cobra.ExactArgs(1), ValidArgs: registry.Names(),
		RunE: func(cmd *cobra.Command, args []string) error {
			return dump(cmd.OutOrStdout(), strings.TrimSpace(args[0]))
		},
	}
}
