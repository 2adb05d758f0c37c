package schema

import (
	"encoding/json"
	"fmt"
	"strings"
)

// The lines between which a README holds the generated table.
const (
	TableBegin = "<!-- config table: generated from the schema, see CONTRIBUTING -->"
	TableEnd   = "<!-- end of config table -->"
)

// Table returns the configuration as a Markdown table, a row for each field, nested ones by path.
func (p Plugin) Table() string {
	var b strings.Builder
	b.WriteString("| field | type | default | rules | description |\n|---|---|---|---|---|\n")
	p.Config.rows(&b, "")
	return b.String()
}

func (r *Record) rows(b *strings.Builder, prefix string) {
	for i := range r.Fields {
		f := &r.Fields[i]
		path := prefix + f.Name
		fmt.Fprintf(b, "| `%s` | %s | %s | %s | %s |\n", path, f.typeName(), f.defaultText(), f.rulesText(), cell(f.Doc))
		switch {
		case f.Kind == Object:
			f.Record.rows(b, path+".")
		case f.Elements != nil && f.Elements.Kind == Object:
			f.Elements.Record.rows(b, path+"[].")
		case f.Values != nil && f.Values.Kind == Object:
			f.Values.Record.rows(b, path+".*.")
		}
	}
}

func (f *Field) typeName() string {
	switch {
	case f.Elements != nil:
		return string(f.Kind) + " of " + f.Elements.typeName()
	case f.Values != nil:
		return "map of " + f.Values.typeName()
	}
	return string(f.Kind)
}

func (f *Field) defaultText() string {
	if f.Default == nil {
		return ""
	}
	data, err := json.Marshal(f.Default)
	if err != nil {
		return ""
	}
	return "`" + cell(string(data)) + "`"
}

func (f *Field) rulesText() string {
	rules := f.ruleTexts()
	if f.Elements != nil {
		for _, rule := range f.Elements.ruleTexts() {
			rules = append(rules, "each "+rule)
		}
	}
	return cell(strings.Join(rules, ", "))
}

func (f *Field) ruleTexts() []string {
	var rules []string
	if f.Required {
		rules = append(rules, "required")
	}
	rules = append(rules, f.text()...)
	if f.Referenceable {
		rules = append(rules, "referenceable")
	}
	if f.Encrypted {
		rules = append(rules, "encrypted")
	}
	return rules
}

func (r Rules) text() []string {
	var out []string
	if r.Eq != nil {
		out = append(out, fmt.Sprintf("only `%v`", r.Eq))
	}
	if r.OneOf != nil {
		out = append(out, "one of `"+strings.Join(r.OneOf, "`, `")+"`")
	}
	if r.Between != nil {
		out = append(out, show(r.Between.Min)+" to "+show(r.Between.Max))
	}
	if r.Gt != nil {
		out = append(out, "more than "+show(*r.Gt))
	}
	if r.LenMin > 0 {
		out = append(out, fmt.Sprintf("length at least %d", r.LenMin))
	}
	if r.LenMax > 0 {
		out = append(out, fmt.Sprintf("length at most %d", r.LenMax))
	}
	if r.Match != "" {
		out = append(out, "matches `"+r.Match+"` (Lua pattern)")
	}
	return out
}

// cell makes text safe within a Markdown table.
func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ").Replace(text)
}
