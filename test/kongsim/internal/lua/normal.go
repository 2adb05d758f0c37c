package lua

import "fmt"

// Normal turns what a YAML or JSON decoder made into Lua's values. Explicit
// nulls stay as nil members, because they mean something to Kong's schemas.
func Normal(v any) (any, error) {
	switch v := v.(type) {
	case nil, bool, float64, string:
		return v, nil
	case int:
		return float64(v), nil
	case int64:
		return float64(v), nil
	case uint64:
		return float64(v), nil
	case []any:
		return normalList(v)
	case map[string]any:
		return normalMap(v)
	}
	return nil, fmt.Errorf("a %T is nothing that Kong can hold", v)
}

func normalList(list []any) (any, error) {
	out := make([]any, len(list))
	for i, v := range list {
		value, err := Normal(v)
		if err != nil {
			return nil, fmt.Errorf("[%d]: %w", i+1, err)
		}
		out[i] = value
	}
	return out, nil
}

func normalMap(m map[string]any) (any, error) {
	out := make(map[string]any, len(m))
	for key, v := range m {
		value, err := Normal(v)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		out[key] = value
	}
	return out, nil
}

// Copy is a deep copy, so that one default can serve many configs.
func Copy(v any) any {
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = Copy(v[i])
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for key := range v {
			out[key] = Copy(v[key])
		}
		return out
	}
	return v
}
