package command

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"
)

// settings are what flags and environment decide, and the options of Execute.
type settings struct {
	prefix, socket, socketMode string
	plugins                    []string
	status                     string
	profiles                   bool
	logFormat, logLevel        string

	waitForSocket bool // until another server has left it, as after a reload by Kong

	now func() time.Time // the plugins' clock
}

// defaultSettings are those of Kong's official images.
func defaultSettings() *settings {
	prefix := "/usr/local/kong"
	if fromKong := os.Getenv("KONG_PREFIX"); fromKong != "" {
		prefix = fromKong
	}
	return &settings{
		prefix: prefix, socketMode: "0660", status: "127.0.0.1:9145", logFormat: "json", logLevel: "info", now: time.Now,
	}
}

func (s *settings) addSocketFlags(flags *pflag.FlagSet) {
	flags.StringVar(&s.prefix, "kong-prefix", s.prefix, "Kong's prefix directory; the default is KONG_PREFIX, else /usr/local/kong")
	flags.StringVar(&s.socket, "socket", s.socket,
		"unix socket to serve on; the default is <kong prefix>/tollgate/server.socket, since Kong's entrypoint deletes sockets in the prefix and in its sockets folder")
	s.addLogFlags(flags)
}

func (s *settings) addLogFlags(flags *pflag.FlagSet) {
	flags.StringVar(&s.logFormat, "log-format", s.logFormat, "json or text, on stderr")
	flags.StringVar(&s.logLevel, "log-level", s.logLevel, "debug, info, warn or error")
}

func (s *settings) addServeFlags(flags *pflag.FlagSet) {
	flags.StringSliceVar(&s.plugins, "plugins", s.plugins, "plugins to serve, separated by commas; the default is all")
	s.addModeFlag(flags)
	flags.StringVar(&s.status, "status", s.status, "address for /metrics, /healthz, /readyz and /status; empty for none")
	flags.BoolVar(&s.profiles, "pprof", s.profiles, "serve /debug/pprof on the status address")
}

func (s *settings) addModeFlag(flags *pflag.FlagSet) {
	flags.StringVar(&s.socketMode, "socket-mode", s.socketMode, "permissions of the socket, octal")
}

// fromEnvironment fills flags that were not given from TOLLGATE_<FLAG>.
func (s *settings) fromEnvironment(flags *pflag.FlagSet) error {
	var errs []error
	flags.VisitAll(func(f *pflag.Flag) {
		name := "TOLLGATE_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		value, ok := os.LookupEnv(name)
		if f.Changed || !ok || f.Name == "help" {
			return
		}
		if err := f.Value.Set(value); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", name, unquoted(err)))
		}
	})
	return errors.Join(errs...)
}

// unquoted is the error without the text that strconv repeats, which may be a token in the wrong place.
func unquoted(err error) error {
	if number := (*strconv.NumError)(nil); errors.As(err, &number) {
		return number.Err
	}
	return err
}

func (s *settings) socketPath() string {
	if s.socket != "" {
		return s.socket
	}
	return filepath.Join(s.prefix, "tollgate", "server.socket")
}

func (s *settings) mode() (fs.FileMode, error) { return octal("socket-mode", s.socketMode) }

// octal reads the permissions that a flag gives.
func octal(flag, text string) (fs.FileMode, error) {
	mode, err := strconv.ParseUint(text, 8, 32)
	if err != nil || mode > uint64(fs.ModePerm) {
		return 0, fmt.Errorf("%s: must be octal permissions such as 0660, got %q", flag, text)
	}
	return fs.FileMode(mode), nil
}

func (s *settings) logger() (*slog.Logger, error) {
	options := &slog.HandlerOptions{}
	var level slog.Level
	if err := level.UnmarshalText([]byte(s.logLevel)); err != nil {
		return nil, fmt.Errorf("log-level: must be debug, info, warn or error, got %q", s.logLevel)
	}
	options.Level = level
	switch s.logFormat {
	case "json":
		return slog.New(slog.NewJSONHandler(os.Stderr, options)), nil
	case "text":
		return slog.New(slog.NewTextHandler(os.Stderr, options)), nil
	}
	return nil, fmt.Errorf("log-format: must be json or text, got %q", s.logFormat)
}
