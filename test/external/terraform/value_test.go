package terraform

import (
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// functions are those of Terraform that the module calls.
func functions() map[string]function.Function {
	return map[string]function.Function{
		"jsonencode": stdlib.JSONEncodeFunc,
		"keys":       stdlib.KeysFunc,
		"contains":   stdlib.ContainsFunc,
		"toset":      stdlib.MakeToFunc(cty.Set(cty.DynamicPseudoType)),
		"nonsensitive": function.New(&function.Spec{
			Params: []function.Parameter{{Name: "value", Type: cty.DynamicPseudoType}},
			Type:   func(args []cty.Value) (cty.Type, error) { return args[0].Type(), nil },
			Impl:   func(args []cty.Value, _ cty.Type) (cty.Value, error) { return args[0], nil },
		}),
	}
}

// context is what expressions may refer to, with the values of example.tfvars: what it lacks is an error.
func (m module) context(t *testing.T) *hcl.EvalContext {
	t.Helper()
	ctx := &hcl.EvalContext{Functions: functions(), Variables: map[string]cty.Value{"each": cty.ObjectVal(map[string]cty.Value{
		"key": cty.StringVal("free-app"), "value": cty.StringVal("free"),
	})}}
	ctx.Variables["var"] = m.input(t)
	ctx.Variables["local"] = values(t, m.locals, ctx)
	for kind, named := range m.identifiers() {
		ctx.Variables[kind] = cty.ObjectVal(named)
	}
	return ctx
}

// input are the variables' values; those with neither a default nor one in the example come from elsewhere.
func (m module) input(t *testing.T) cty.Value {
	t.Helper()
	given := map[string]cty.Value{}
	for name, block := range m.variables {
		if fallback, ok := block.Body.Attributes["default"]; ok {
			given[name] = value(t, fallback.Expr, nil)
		}
	}
	for name, attribute := range m.given {
		if m.variables[name] == nil {
			t.Errorf("example.tfvars sets %s, which is no variable", name)
		}
		given[name] = value(t, attribute.Expr, nil)
	}
	for name := range m.variables {
		if _, ok := given[name]; !ok {
			t.Errorf("example.tfvars lacks %s", name)
		}
	}
	given["api_keys"] = cty.MapVal(map[string]cty.Value{"free-app": cty.StringVal("a key")})
	return cty.ObjectVal(given)
}

// identifiers give each resource an id, as after it was made; one with for_each has one for each key.
func (m module) identifiers() map[string]map[string]cty.Value {
	kinds := map[string]map[string]cty.Value{}
	for _, resource := range m.resources {
		made := cty.ObjectVal(map[string]cty.Value{"id": cty.StringVal("id of " + resource.Labels[1])})
		if _, each := resource.Body.Attributes["for_each"]; each {
			made = cty.MapVal(map[string]cty.Value{"free-app": made})
		}
		if kinds[resource.Labels[0]] == nil {
			kinds[resource.Labels[0]] = map[string]cty.Value{}
		}
		kinds[resource.Labels[0]][resource.Labels[1]] = made
	}
	return kinds
}

func values(t *testing.T, attributes hclsyntax.Attributes, ctx *hcl.EvalContext) cty.Value {
	t.Helper()
	all := map[string]cty.Value{}
	for name, attribute := range attributes {
		all[name] = value(t, attribute.Expr, ctx)
	}
	return cty.ObjectVal(all)
}

func value(t *testing.T, expression hclsyntax.Expression, ctx *hcl.EvalContext) cty.Value {
	t.Helper()
	v, problems := expression.Value(ctx)
	none(t, problems)
	return v
}
