package command

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"tollgate/pluginserver/quota"
)

// quotaAction is a command below quota, whose use names its arguments.
func quotaAction(use, short, example string, run func(*cobra.Command, []string) error) *cobra.Command {
	names := strings.Fields(use)[1:]
	cmd := &cobra.Command{
		Use: use, Short: short, Long: short + ".\n\n" + consumerHelp, Example: example, Args: each(names), RunE: run,
	}
	if slices.Contains(names, "N") {
		cmd.SetFlagErrorFunc(numberError)
	}
	return cmd
}

// each demands one argument for each name.
func each(names []string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < len(names):
			return fmt.Errorf("%s: missing %s", cmd.UseLine(), strings.Join(names[len(args):], " and "))
		case len(args) > len(names):
			return fmt.Errorf("%s: nothing more is needed, got %q", cmd.UseLine(), args[len(names):])
		}
		return nil
	}
}

// numberError calls a negative number what it is, which the parser takes for a flag.
func numberError(_ *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return err
	}
	text := unknown.GetSpecifiedShortnames()
	if text == "" || text[0] < '0' || text[0] > '9' {
		return err
	}
	_, err = quota.ParseGrant("-" + text)
	return err
}
