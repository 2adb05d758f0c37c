package command

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"tollgate/pluginserver/process"
)

const healthHelp = `Ask the running server over its socket; exit code 0 if it answers.

With --gateway the gateway must answer too: Kong's status API on status_listen, by default
http://127.0.0.1:8007/status. "kong health" would only look whether nginx's processes are there.`

func healthCommand(s *settings) *cobra.Command {
	timeout, gateway := time.Second, ""
	cmd := &cobra.Command{
		Use: "health", Short: "Ask the running server over its socket; exit code 0 if it answers", Long: healthHelp, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			names, err := process.Probe(s.socketPath(), timeout)
			if err != nil {
				return err
			}
			if err := askGateway(cmd.Context(), gateway, timeout); err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), process.Describe(s.socketPath(), names))
			return err
		},
	}
	cmd.Flags().DurationVar(&timeout, "timeout", timeout, "how long each may take to answer")
	cmd.Flags().StringVar(&gateway, "gateway", gateway, "address where the gateway must answer 200 too; empty for none")
	return cmd
}

// askGateway is nil where the gateway answers 200 at the address, or where there is none to ask.
func askGateway(ctx context.Context, address string, timeout time.Duration) error {
	if address == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return fmt.Errorf("asking the gateway: %w", err)
	}
	direct := &http.Client{Transport: &http.Transport{}} // a proxy of the environment is not for this machine
	response, err := direct.Do(request)
	if err != nil {
		return fmt.Errorf("asking the gateway: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("asking the gateway: %s answers %d", address, response.StatusCode)
	}
	return nil
}
