package command

import (
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"tollgate/pluginserver/declarative"
)

const renderHelp = `Print a declarative configuration with its references ${{ env "DECK_…" }} replaced, as decK does.

A Kong without a database reads its configuration from a file (declarative_config) and does not know
these references: this makes of one file, kept for decK, what such a Kong reads. FILE - is the standard
input. What is printed may hold secrets; --out writes it to a file that only its owner may read, unless
--mode says otherwise.`

func renderCommand() *cobra.Command {
	out, mode := "", "0600"
	cmd := &cobra.Command{
		Use: "render FILE", Short: "Replace a configuration's references to the environment, as decK does", Long: renderHelp,
		Example: "  pluginserver render kong/kong.yml --out /kong/declarative/kong.yml",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			permissions, err := octal("mode", mode)
			if err != nil {
				return err
			}
			rendered, err := renderFile(args[0], cmd.InOrStdin())
			if err != nil {
				return err
			}
			if out == "" {
				_, err = cmd.OutOrStdout().Write(rendered)
				return err
			}
			return replaceFile(out, rendered, permissions)
		},
	}
	cmd.Flags().StringVar(&out, "out", out, "file to write, replaced as a whole; the default is the standard output")
	cmd.Flags().StringVar(&mode, "mode", mode, "permissions of that file, octal")
	return cmd
}

func renderFile(path string, stdin io.Reader) ([]byte, error) {
	read := func() ([]byte, error) { return os.ReadFile(path) }
	if path == "-" {
		read = func() ([]byte, error) { return io.ReadAll(stdin) }
	}
	source, err := read()
	if err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	rendered, err := declarative.Render(source, os.LookupEnv)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return rendered, nil
}

// replaceFile renames the new file into place, so that nobody reads half of it.
func replaceFile(path string, data []byte, mode fs.FileMode) error {
	next := path + ".next"
	if err := os.Remove(next); err != nil && !os.IsNotExist(err) {
		return fmt.Errorf("writing the configuration: %w", err)
	}
	f, err := os.OpenFile(next, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return fmt.Errorf("writing the configuration: %w", err)
	}
	_, err = f.Write(data)
	for _, step := range []func() error{func() error { return f.Chmod(mode) }, f.Close, func() error { return os.Rename(next, path) }} {
		if err == nil {
			err = step()
		}
	}
	if err != nil {
		_ = os.Remove(next)
		return fmt.Errorf("writing the configuration: %w", err)
	}
	return nil
}
