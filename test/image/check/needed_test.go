package check

import (
	"os"
	"path/filepath"
	"testing"

	"tollgate/test/tool"
)

// recorder is a test that notes how it was ended.
type recorder struct {
	testing.TB

	ended string
}

func (r *recorder) Fatal(...any) { r.ended = "failed"; panic(r) }
func (r *recorder) Skip(...any)  { r.ended = "skipped"; panic(r) }

// outcome tells how needed ends the test of a user.
func outcome(t *testing.T, user int) string {
	t.Helper()
	r := &recorder{TB: t}
	func() {
		defer func() { _ = recover() }() // which ends the recorder's test
		needed(r, user)
	}()
	return r.ended
}

func TestWhatCannotRunFailsWhereItIsRequired(t *testing.T) {
	const root, somebody = 0, 1000
	full, empty := t.TempDir(), t.TempDir()
	for _, program := range []string{"buildah", "nsenter", "ldd"} {
		if err := os.WriteFile(filepath.Join(full, program), nil, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, row := range []struct {
		name, path, asked, required string
		user                        int
		want                        string
	}{
		{"not asked for", empty, "", "1", root, "skipped"},
		{"no buildah", empty, "1", "", root, "skipped"},
		{"no buildah, and it is required", empty, "1", "1", root, "failed"},
		{"not root", full, "1", "", somebody, "skipped"},
		{"not root, and it is required", full, "1", "1", somebody, "failed"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Setenv("PATH", row.path)
			t.Setenv("TOLLGATE_IMAGE_CHECK", row.asked)
			t.Setenv(tool.RequireEnv, row.required)
			if got := outcome(t, row.user); got != row.want {
				t.Errorf("the check %s, want %s", got, row.want)
			}
		})
	}
}
