package command

import (
	"os"
	"time"

	"github.com/spf13/cobra"

	"tollgate/pluginserver/quota"
)

const quotaHelp = `Show, grant or reset what a consumer may use today, as the plugin tiered-limit counts it.

The counts are those that the declarative configuration (--config) gives to CONSUMER, in decK's format or
that of a Kong without a database; references to the environment are rendered as decK and Kong do. Without
--config the flags say where the counts are, and a consumer is named by its id.

` + consumerHelp + `

The id of a consumer without one in the file is as Kong derives it without a database. After
"deck gateway sync" it is another one: then --admin-url asks Kong for it, or --consumer-id says it.

The password of Redis comes from the environment variable TOLLGATE_REDIS_PASSWORD, or from
--redis-password-file; the token of the Admin API from TOLLGATE_ADMIN_TOKEN.`

const consumerHelp = `CONSUMER is one of
  ann                                   the consumer's username,
  crm-1                                 its custom_id, or
  acf09174-745e-5b26-aaec-4763c149acd7  its id in Kong;
  consumer:ip:7                         any of these after consumer:, where it looks like one of the following;
  credential:portal                     the id of a credential, for limit_by credential: from jwks-verify the
                                        token's client_id, else its sub;
  ip:192.0.2.1                          a client's address, for limit_by ip and for requests without a consumer.`

func quotaCommand(s *settings) *cobra.Command {
	cmd := &cobra.Command{
		Use: "quota", Short: "Show, grant or reset what a consumer may use today (tiered-limit)", Long: quotaHelp, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	o := &quota.Options{Redis: map[string]any{}, Files: map[string]string{}, Timeout: 5 * time.Second}
	addQuotaFlags(cmd.PersistentFlags(), o)
	run := func(cmd *cobra.Command, name string, a quota.Action) error {
		o.AdminToken = os.Getenv("TOLLGATE_ADMIN_TOKEN")
		return quota.Run(cmd.Context(), a, name, *o, quota.Env{
			Lookup: os.LookupEnv, Stdin: cmd.InOrStdin(), Stdout: cmd.OutOrStdout(), Diagnostics: cmd.ErrOrStderr(), Now: s.now,
		})
	}
	cmd.AddCommand(
		quotaAction("show CONSUMER", "Print the day's count and the rate", `  pluginserver quota show ann --config kong.yml
  pluginserver quota show ip:192.0.2.1 --config kong.yml --service api --json`,
			func(cmd *cobra.Command, args []string) error {
				return run(cmd, args[0], quota.Action{Name: quota.Show})
			}),
		quotaAction("reset CONSUMER", "Set what the day has used, and what was granted to it, to nothing", `  pluginserver quota reset ann --config kong.yml
  pluginserver quota reset credential:portal --config kong.yml --tier gold`,
			func(cmd *cobra.Command, args []string) error {
				return run(cmd, args[0], quota.Action{Name: quota.Reset})
			}),
		quotaAction("grant CONSUMER N", "Admit N requests more than the quota, until the day ends", `  pluginserver quota grant ann 1000 --config kong.yml
  pluginserver quota grant acf09174-745e-5b26-aaec-4763c149acd7 1000 --redis-host redis.internal --quota 50000`,
			func(cmd *cobra.Command, args []string) error {
				grant, err := quota.ParseGrant(args[1])
				if err != nil {
					return err
				}
				return run(cmd, args[0], grant)
			}),
	)
	return cmd
}
