package command

import (
	"errors"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"tollgate/pluginserver/guard"
	"tollgate/pluginserver/token"
)

const guardHelp = `Judge the request on the standard input, check by check, as an instance of the plugin header-guard in the
declarative configuration (--config) would. References to the environment are rendered as decK does.

The request is raw, as on the wire, or what curl -v prints. With --route or --service the instance is the
one that Kong runs for requests there. No value of a header is printed.

It ends with 0 for a request that would pass, in audit too, with 1 for one that is refused, and with 2 where
it could not judge.`

// guardCommand has but one subcommand. What it makes of mistakes holds for both: they end with exitUsage, as
// a mistake must not look like a verdict on the request.
func guardCommand(s *settings, code *int) *cobra.Command {
	mistaken := func(err error) error {
		if err != nil {
			*code = exitUsage
		}
		return err
	}
	cmd := &cobra.Command{
		Use: "guard", Short: "Explain how a request fares (header-guard)",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return mistaken(errors.New("guard: the only command is explain, and it reads the request from the standard input"))
			}
			return nil
		},
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			return mistaken(s.fromEnvironment(cmd.Flags()))
		},
		RunE: func(*cobra.Command, []string) error {
			return mistaken(errors.New("guard: the command is missing: say guard explain"))
		},
	}
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return mistaken(withoutValue(err)) })
	cmd.AddCommand(explainRequestCommand(s, code, mistaken))
	return cmd
}

// explainRequestCommand returns the errors of mistaken, and sets the code for a request that is refused.
func explainRequestCommand(s *settings, code *int, mistaken func(error) error) *cobra.Command {
	o := &guard.Options{}
	cmd := &cobra.Command{
		Use: "explain", Short: "Judge the request on the standard input, check by check", Long: guardHelp,
		Example: "  pluginserver guard explain --config kong/kong.yml --route ping < request.txt\n" +
			"  curl -v https://api.example.com/ping 2>&1 | pluginserver guard explain --config kong/kong.yml --route ping",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 { // cobra would repeat it
				return mistaken(errors.New("takes no argument: the request is read from the standard input"))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			passes, err := guard.Run(*o, guard.Env{
				Lookup: os.LookupEnv, Stdin: cmd.InOrStdin(), Stdout: cmd.OutOrStdout(), Diagnostics: cmd.ErrOrStderr(), Now: s.now,
			})
			if err == nil && !passes {
				*code = exitRefused
			}
			return mistaken(err)
		},
	}
	addGuardFlags(cmd.Flags(), o)
	return cmd
}

func addGuardFlags(flags *pflag.FlagSet, o *guard.Options) {
	flags.StringSliceVar(&o.Configs, "config", nil, "file of the declarative configuration, YAML or JSON; may be given more than once")
	flags.StringVar(&o.Instance, "instance", "", "the plugin instance with this instance_name or id, or bound so, as in \"route ping\"")
	flags.StringVar(&o.Service, "service", "", "the instance that Kong runs on this service, by name or id")
	flags.StringVar(&o.Route, "route", "", "the instance that Kong runs on this route, by name or id")
	flags.StringVar(&o.Peer, "peer", "", "IP address of the TCP peer, such as the load balancer's; without it trusted_peers are not checked")
	flags.BoolVar(&o.JSON, "json", false, "print JSON")
	flags.Func("at", "when the request came, as 2026-03-01T12:00:00Z or seconds since 1970, for the load balancer's witness; the default is now", func(text string) (err error) {
		o.At, err = token.ParseTime(text)
		return err
	})
}
