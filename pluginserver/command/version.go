package command

import (
	"fmt"

	"github.com/spf13/cobra"

	"tollgate/pluginserver/build"
)

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print which build this is", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintln(cmd.OutOrStdout(), build.Read())
			return err
		},
	}
}
