package schema

// Kind is the type of a value in Kong's schema language.
type Kind string

// The kinds that Kong 3.9 knows and a plugin's configuration needs.
const (
	String  Kind = "string"
	Integer Kind = "integer"
	Number  Kind = "number"
	Boolean Kind = "boolean"
	Array   Kind = "array"
	Set     Kind = "set"
	Map     Kind = "map"
	Object  Kind = "record"
)

// Plugin is everything that Kong has to know about a plugin's configuration.
type Plugin struct {
	// Name is the plugin's name in Kong.
	Name string
	// Protocols are the route protocols that the plugin may be used with; the first dump default.
	Protocols []string
	// NoConsumer refuses the plugin on a consumer: it runs before one is known.
	NoConsumer bool
	// Config is the record below the plugin's "config".
	Config Record
}

// Record is a fixed set of named fields, with checks that span several of them.
type Record struct {
	Fields []Field
	Checks []Check
}

// Field is one named member of a Record, or the unnamed element, key or value of a container.
type Field struct {
	// Name is the member's name; empty for elements, keys and values.
	Name string
	Kind Kind
	// Doc states unit, range and the meaning of zero or absent. Kong wants at least ten characters.
	Doc string
	// Default is the value of an absent field: a Go value that marshals to the JSON it stands for.
	Default any
	Rules

	// Referenceable lets the value be a vault reference, {vault://…}, which Kong resolves.
	Referenceable bool
	// Encrypted marks a secret: Kong Enterprise stores it encrypted, and no message here shows it.
	Encrypted bool

	// Optional, of an Object: it stays absent when it is absent, where Kong would fill it in.
	Optional bool
	// Record, of an Object, holds its fields.
	Record Record
	// Elements, of an Array or a Set, is the shape of each element.
	Elements *Field
	// Keys and Values, of a Map.
	Keys, Values *Field
}

// Rules are the checks on one value. The zero value checks nothing.
type Rules struct {
	Required bool
	// Eq is the only value allowed.
	Eq any
	// OneOf lists the values allowed.
	OneOf []string
	// Between bounds a number, both ends included.
	Between *Range
	// Gt is a bound that a number must exceed.
	Gt *float64
	// LenMin and LenMax bound the length of a string (bytes), array, set or map; zero is no bound.
	LenMin, LenMax int
	// Match is a Lua pattern that a string must match.
	Match string
}

// Range is a closed interval.
type Range struct{ Min, Max float64 }

// Between returns the closed interval from low to high.
func Between(low, high float64) *Range { return &Range{Min: low, Max: high} }

// Above returns a bound for Rules.Gt.
func Above(bound float64) *float64 { return &bound }

// Check is a rule over several fields of one record: exactly one of its members is set.
type Check struct {
	// AtLeastOneOf names fields of which one must be present.
	AtLeastOneOf []string
	// MutuallyExclusive names fields of which no two may be present.
	MutuallyExclusive []string
	// MutuallyRequired names fields of which all must be present, or none.
	MutuallyRequired []string
	// Conditional binds one field to the value of another.
	Conditional *Conditional
}

// Conditional says: where IfField satisfies IfMatch, ThenField must satisfy ThenMatch.
type Conditional struct {
	IfField   string
	IfMatch   Rules
	ThenField string
	ThenMatch Rules
}
