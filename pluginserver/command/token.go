package command

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"tollgate/pluginserver/token"
)

// The exit codes of token explain.
const (
	exitRefused = 1
	exitUsage   = 2
)

const explainHelp = `Verify the token on the standard input, check by check, as an instance of the plugin jwks-verify in the
declarative configuration (--config) would. References to the environment are rendered as decK does.

The keys come from --jwks, or are fetched as the plugin fetches them. The token is not printed, nor its
signature, nor claims that were not verified but for the issuer.

It ends with 0 for a token with which a request would pass, with 1 for one that is refused, and with 2 where
it could not judge.`

// tokenCommand has but one subcommand. What it makes of mistakes holds for both: they end with exitUsage, as
// a mistake must not look like a verdict on the token, and are told without what was given, which may be one.
func tokenCommand(s *settings, code *int) *cobra.Command {
	mistaken := func(err error) error {
		if err != nil {
			*code = exitUsage
		}
		return err
	}
	cmd := &cobra.Command{
		Use: "token", Short: "Explain how a token fares (jwks-verify)",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return mistaken(errors.New("token: the only command is explain, and it reads the token from the standard input"))
			}
			return nil
		},
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			return mistaken(s.fromEnvironment(cmd.Flags()))
		},
		RunE: func(*cobra.Command, []string) error {
			return mistaken(errors.New("token: the command is missing: say token explain"))
		},
	}
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return mistaken(withoutValue(err)) })
	cmd.AddCommand(explainCommand(s, code, mistaken))
	return cmd
}

// explainCommand returns the errors of mistaken, and sets the code for a token that is refused.
func explainCommand(s *settings, code *int, mistaken func(error) error) *cobra.Command {
	o := &token.Options{}
	cmd := &cobra.Command{
		Use: "explain", Short: "Verify the token on the standard input, check by check", Long: explainHelp,
		Example: "  pluginserver token explain --config kong/kong.yml --instance 'route ping' < token",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 { // cobra would repeat it, and it may be a token
				return mistaken(errors.New("takes no argument: the token is read from the standard input"))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			valid, err := token.Run(*o, token.Env{
				Lookup: os.LookupEnv, Stdin: cmd.InOrStdin(), Stdout: cmd.OutOrStdout(), Diagnostics: cmd.ErrOrStderr(), Now: s.now,
			})
			if err == nil && !valid {
				*code = exitRefused
			}
			return mistaken(err)
		},
	}
	addExplainFlags(cmd.Flags(), o)
	return cmd
}

func addExplainFlags(flags *pflag.FlagSet, o *token.Options) {
	flags.StringSliceVar(&o.Configs, "config", nil, "file of the declarative configuration, YAML or JSON; may be given more than once")
	flags.StringVar(&o.Instance, "instance", "", "the plugin instance with this instance_name or id, or bound so, as in \"route ping\"")
	flags.StringVar(&o.Service, "service", "", "the instance that Kong runs on this service, by name or id")
	flags.StringVar(&o.Route, "route", "", "the instance that Kong runs on this route, by name or id")
	flags.StringVar(&o.JWKS, "jwks", "", "file with the issuer's key set, instead of fetching it")
	flags.BoolVar(&o.JSON, "json", false, "print JSON")
	flags.Func("at", "when to judge, as 2026-03-01T12:00:00Z or seconds since 1970; the default is now", func(text string) (err error) {
		o.At, err = token.ParseTime(text)
		return err
	})
}

// withoutValue is the error without the value that a flag was given: pflag and strconv repeat it.
func withoutValue(err error) error {
	var invalid *pflag.InvalidValueError
	if !errors.As(err, &invalid) {
		return err
	}
	return fmt.Errorf("--%s: %w", invalid.GetFlag().Name, unquoted(invalid.Unwrap()))
}
