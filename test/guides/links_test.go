package guides

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestLinksLeadSomewhere follows each link of a page, and of the repository's README, that is not to the web.
func TestLinksLeadSomewhere(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)\s]+)\)`)
	for _, page := range append(pages(t), filepath.Join("..", "..", "README.md")) {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range link.FindAllStringSubmatch(string(text), -1) {
			if strings.Contains(found[1], "://") {
				continue
			}
			if err := follow(page, found[1]); err != "" {
				t.Errorf("%s: (%s) %s", page, found[1], err)
			}
		}
	}
}

// follow returns what is wrong with a link.
func follow(page, link string) string {
	path, anchor, _ := strings.Cut(link, "#")
	target := page
	if path != "" {
		target = filepath.Join(filepath.Dir(page), path)
	}
	info, err := os.Stat(target)
	if err != nil {
		return "leads to no file"
	}
	if anchor == "" {
		return ""
	}
	if info.IsDir() {
		target = filepath.Join(target, "README.md")
	}
	text, err := os.ReadFile(target)
	if err != nil || !anchors(string(text))[anchor] {
		return "leads to no heading"
	}
	return ""
}

// anchors are those that GitHub gives headings.
func anchors(text string) map[string]bool {
	out := map[string]bool{}
	dropped := regexp.MustCompile(`[^\p{L}\p{N}\s_-]`)
	for line := range strings.Lines(text) {
		if title := strings.TrimLeft(line, "#"); title != line && strings.HasPrefix(title, " ") {
			name := dropped.ReplaceAllString(strings.ToLower(strings.TrimSpace(title)), "")
			out[strings.ReplaceAll(name, " ", "-")] = true
		}
	}
	return out
}

// TestEachGuideSaysHowItIsSeenAndUndone: a page of a task has steps, how to see that they worked, and the way back.
func TestEachGuideSaysHowItIsSeenAndUndone(t *testing.T) {
	for _, page := range pages(t) {
		if name := filepath.Base(page); name == "README.md" || name == "TROUBLESHOOTING.md" {
			continue
		}
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, words := range [][]string{{"undo"}, {"see that it", "compare"}} {
			found := false
			for _, word := range words {
				found = found || strings.Contains(strings.ToLower(string(text)), word)
			}
			if !found {
				t.Errorf("%s says nothing of %q", page, words)
			}
		}
	}
}
