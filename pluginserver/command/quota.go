package command

import (
	"os"
	"time"

	"github.com/spf13/cobra"

	"tollgate/pluginserver/quota"
)

const quotaHelp = `Show, grant or reset what a consumer may use today, as the plugin tiered-limit counts it.

CONSUMER is a username, custom_id or id, or credential:ID, or ip:ADDRESS. The counts are those that the
declarative configuration (--config) gives to it, in decK's format or that of a Kong without a database;
references to the environment are rendered as decK and Kong do. Without --config the flags say where the
counts are, and CONSUMER is an id.

The id of a consumer without one in the file is as Kong derives it without a database. After
"deck gateway sync" it is another one: then --admin-url asks Kong for it, or --consumer-id says it.

The password of Redis comes from the environment variable TOLLGATE_REDIS_PASSWORD, or from
--redis-password-file; the token of the Admin API from TOLLGATE_ADMIN_TOKEN.`

func quotaCommand(s *settings) *cobra.Command {
	cmd := &cobra.Command{
		Use: "quota", Short: "Show, grant or reset what a consumer may use today (tiered-limit)", Long: quotaHelp, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	o := &quota.Options{Redis: map[string]any{}, Timeout: 5 * time.Second}
	addQuotaFlags(cmd.PersistentFlags(), o)
	run := func(cmd *cobra.Command, name string, a quota.Action) error {
		o.AdminToken = os.Getenv("TOLLGATE_ADMIN_TOKEN")
		return quota.Run(cmd.Context(), a, name, *o, quota.Env{
			Lookup: os.LookupEnv, Stdin: cmd.InOrStdin(), Stdout: cmd.OutOrStdout(), Diagnostics: cmd.ErrOrStderr(), Now: s.now,
		})
	}
	cmd.AddCommand(
		&cobra.Command{
			Use: "show CONSUMER", Short: "Print the day's count and the rate", Args: cobra.ExactArgs(1),
			RunE: func(cmd *cobra.Command, args []string) error {
				return run(cmd, args[0], quota.Action{Name: quota.Show})
			},
		},
		&cobra.Command{
			Use: "reset CONSUMER", Short: "Set what the day has used, and what was granted to it, to nothing", Args: cobra.ExactArgs(1),
			RunE: func(cmd *cobra.Command, args []string) error {
				return run(cmd, args[0], quota.Action{Name: quota.Reset})
			},
		},
		&cobra.Command{
			Use: "grant CONSUMER N", Short: "Admit N requests more than the quota, until the day ends", Args: cobra.ExactArgs(2),
			RunE: func(cmd *cobra.Command, args []string) error {
				grant, err := quota.ParseGrant(args[1])
				if err != nil {
					return err
				}
				return run(cmd, args[0], grant)
			},
		},
	)
	return cmd
}
