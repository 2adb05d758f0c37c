// Package terraform holds the module under kong/terraform to Terraform's language, to what the provider's
// documentation says of its resources, and its plugins to their schemas. No provider is run.
package terraform

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclparse"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
)

const folder = "../../../kong/terraform"

// module is what the files say together.
type module struct {
	resources []*hclsyntax.Block
	variables map[string]*hclsyntax.Block
	locals    hclsyntax.Attributes
	given     hclsyntax.Attributes // example.tfvars
}

func load(t *testing.T) module {
	t.Helper()
	m := module{variables: map[string]*hclsyntax.Block{}}
	for _, file := range files(t, "*.tf") {
		for _, block := range parse(t, file).Blocks {
			switch block.Type {
			case "resource":
				m.resources = append(m.resources, block)
			case "variable":
				m.variables[block.Labels[0]] = block
			case "locals":
				m.locals = block.Body.Attributes
			case "terraform", "provider":
			default:
				t.Errorf("%s: no test knows a block %s", file, block.Type)
			}
		}
	}
	m.given = parse(t, filepath.Join(folder, "example.tfvars")).Attributes
	return m
}

func files(t *testing.T, pattern string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(folder, pattern))
	if err != nil || len(found) == 0 {
		t.Fatalf("no %s: %v", pattern, err)
	}
	return found
}

func parse(t *testing.T, file string) *hclsyntax.Body {
	t.Helper()
	parsed, problems := hclparse.NewParser().ParseHCLFile(file)
	none(t, problems)
	return parsed.Body.(*hclsyntax.Body)
}

// none ends the test where there are problems.
func none(t *testing.T, problems hcl.Diagnostics) {
	t.Helper()
	if problems.HasErrors() {
		t.Fatal(problems)
	}
}

func TestTheFilesAreFormatted(t *testing.T) {
	for _, file := range append(files(t, "*.tf"), files(t, "*.tfvars")...) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(hclwrite.Format(text), text) {
			t.Errorf("%s: terraform fmt would change it", file)
		}
	}
}
