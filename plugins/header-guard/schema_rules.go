package headerguard

import "tollgate/internal/schema"

// most is an upper bound of what nobody needs more of: nginx takes no header line of more bytes.
const most = 65536

func rulesField() schema.Field {
	return filled(schema.Field{
		Name: "rules", Kind: schema.Array,
		Doc: "Headers that a request must hold. A header may be in several rules for different methods or paths.",
		Elements: &schema.Field{Kind: schema.Object, Record: schema.Record{Fields: append([]schema.Field{
			nameField("rules[1]"),
			{
				Name: "header", Kind: schema.String,
				Doc:   "Name of the header, in any case. X_Api_Key does not stand for X-Api-Key.",
				Rules: schema.Rules{Required: true, Match: headerName},
			},
			{
				Name: "required", Kind: schema.Boolean, Default: true,
				Doc:   "Whether the header must have come. Otherwise it is looked at where it came.",
				Rules: schema.Rules{Required: true},
			},
			{
				Name: "match", Kind: schema.String,
				Doc: "RE2 expression that each value of the header must match, anchored only by ^ and $. Absent accepts any value that is not blank.",
			},
			listField("one_of", "Values that are allowed, compared byte by byte. Absent allows any.", schema.Rules{}),
			countField("min_length", "Bytes that each value must have at least. Absent is no bound."),
			countField("max_length", "Bytes that each value may have at most. Absent is no bound."),
			countField("max_count", "Lines of the header that may come. Absent is one, or any number of a header that is a list, such as Accept or Via."),
		}, outcomeFields()...)}},
	})
}

func anyOfField() schema.Field {
	headers := listField("headers", "Names of the headers, at least two, in any case.", schema.Rules{Match: headerName})
	headers.Rules = schema.Rules{Required: true, LenMin: 2}
	return filled(schema.Field{
		Name: "any_of", Kind: schema.Array,
		Doc: "Groups of headers of which a request must hold at least one.",
		Elements: &schema.Field{Kind: schema.Object, Record: schema.Record{
			Fields: append([]schema.Field{nameField("any_of[1]"), headers}, outcomeFields()...),
		}},
	})
}

func nameField(place string) schema.Field {
	return schema.Field{
		Name: "name", Kind: schema.String,
		Doc:   "What answers, logs and metrics call it. Absent is its place, as in " + place + ".",
		Rules: schema.Rules{Match: "^[%w_-]+$", LenMax: 64},
	}
}

func countField(name, doc string) schema.Field {
	return schema.Field{Name: name, Kind: schema.Integer, Doc: doc, Rules: schema.Rules{Between: schema.Between(1, most)}}
}

// outcomeFields are common to rules and groups.
func outcomeFields() []schema.Field {
	return []schema.Field{
		{
			Name: "status", Kind: schema.Integer, Default: 400,
			Doc:   "HTTP status of the answer if this is the first that is violated; 401 comes with a WWW-Authenticate.",
			Rules: schema.Rules{Required: true, Between: schema.Between(400, 599)},
		},
		{
			Name: "mode", Kind: schema.String,
			Doc:   "A mode of its own. Absent is the plugin's mode.",
			Rules: schema.Rules{OneOf: []string{modeEnforce, modeAudit}},
		},
		methodsField("Methods of the requests that it holds for. Absent is all."),
		pathsField("Paths of the requests that it holds for, as in Kong's routes: a prefix, or ~ and an RE2 expression that begins with a slash. Absent is all."),
	}
}

// methodsField takes what nginx takes for a method, M-SEARCH too.
func methodsField(doc string) schema.Field {
	return listField("methods", doc, schema.Rules{Match: "^[%u_-]+$"})
}

func pathsField(doc string) schema.Field {
	return listField("paths", doc, schema.Rules{Match: "^~?/"})
}
