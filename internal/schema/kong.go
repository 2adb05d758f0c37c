package schema

// object is a JSON object under construction, in Kong's schema language.
type object = map[string]any

// Kong returns the schema as Kong's dump wants it. Fields keep their order: Kong lists them as
// objects of one member each.
func (p Plugin) Kong() map[string]any {
	fields := []any{
		object{"protocols": object{
			"type":        "set",
			"required":    true,
			"default":     p.Protocols,
			"elements":    object{"type": "string", "one_of": p.Protocols},
			"description": "The route protocols that the plugin is used with.",
		}},
	}
	if p.NoConsumer {
		fields = append(fields, object{"consumer": noConsumer()})
	}
	config := p.Config.kong()
	config["type"] = "record"
	config["required"] = true
	return object{"name": p.Name, "fields": append(fields, object{"config": config})}
}

// noConsumer is Kong's typedefs.no_consumer: a foreign key that must be null. Consumer groups cannot
// be refused like that: only the Enterprise edition has them, and Kong 3.9.3 does not start with a
// schema that refers to an entity it does not know.
func noConsumer() object {
	return object{"type": "foreign", "reference": "consumers", "eq": nil,
		"description": "Not supported: the plugin runs before a consumer is known."}
}

func (r Record) kong() object {
	fields := make([]any, 0, len(r.Fields))
	for i := range r.Fields {
		fields = append(fields, object{r.Fields[i].Name: r.Fields[i].kong()})
	}
	out := object{"fields": fields}
	if len(r.Checks) > 0 {
		checks := make([]any, 0, len(r.Checks))
		for _, c := range r.Checks {
			checks = append(checks, c.kong())
		}
		out["entity_checks"] = checks
	}
	return out
}

func (f *Field) kong() object {
	out := f.Rules.kong()
	out["type"] = string(f.Kind)
	if f.Doc != "" {
		out["description"] = f.Doc
	}
	if f.Default != nil {
		out["default"] = f.Default
		if f.Default == "" {
			out["len_min"] = 0 // Kong refuses "" otherwise, even as the schema's own default
		}
	}
	if f.Referenceable {
		out["referenceable"] = true
	}
	if f.Encrypted {
		out["encrypted"] = true
	}
	f.kongShape(out)
	return out
}

// kongShape adds what a container is made of.
func (f *Field) kongShape(out object) {
	switch f.Kind {
	case Object:
		for name, value := range f.Record.kong() {
			out[name] = value
		}
		out["required"] = !f.Optional
	case Array, Set:
		out["elements"] = f.Elements.kong()
	case Map:
		out["keys"], out["values"] = f.Keys.kong(), f.Values.kong()
	case String, Integer, Number, Boolean:
	}
}

func (r Rules) kong() object {
	out := object{}
	if r.Required {
		out["required"] = true
	}
	if r.Eq != nil {
		out["eq"] = r.Eq
	}
	if r.OneOf != nil {
		out["one_of"] = r.OneOf
	}
	if r.Between != nil {
		out["between"] = []float64{r.Between.Min, r.Between.Max}
	}
	if r.Gt != nil {
		out["gt"] = *r.Gt
	}
	if r.LenMin > 0 {
		out["len_min"] = r.LenMin
	}
	if r.LenMax > 0 {
		out["len_max"] = r.LenMax
	}
	if r.Match != "" {
		out["match"] = r.Match
	}
	return out
}

func (c Check) kong() object {
	switch {
	case c.MutuallyExclusive != nil:
		return object{"mutually_exclusive": c.MutuallyExclusive}
	case c.MutuallyRequired != nil:
		return object{"mutually_required": c.MutuallyRequired}
	case c.Conditional == nil:
		return object{"at_least_one_of": c.AtLeastOneOf}
	}
	return object{"conditional": object{
		"if_field": c.Conditional.IfField, "if_match": c.Conditional.IfMatch.kong(),
		"then_field": c.Conditional.ThenField, "then_match": c.Conditional.ThenMatch.kong(),
	}}
}
