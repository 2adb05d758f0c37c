package headerguard

import (
	"regexp"
	"regexp/syntax"
	"slices"
)

// expression is a regular expression of the configuration. Texts of ASCII, which nearly all are, go through a
// table of its states, a byte at a time: regexp takes ten times as long for a usual one (BenchmarkExpression). It
// judges all other texts, and all of them where there is no table.
type expression struct {
	*regexp.Regexp
	classes [ascii]uint8 // of bytes that the expression does not tell apart
	width   int          // how many classes there are
	table   []uint8      // the next state, by state and class; nil for none
	ends    []bool       // whether a text that ends in the state matches
}

const (
	dead    = 0 // no text matches that comes to here
	matched = 1 // each does
	begin   = 2 // nothing was read

	ascii            = 128 // bytes below it
	mostStates       = 127
	mostInstructions = 256 // building looks at each of them for each state and class of bytes
)

// compile takes what regexp has accepted.
func compile(text string) *expression {
	e := &expression{Regexp: regexp.MustCompile(text)}
	parsed, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return e
	}
	prog, err := syntax.Compile(parsed.Simplify())
	if err != nil || len(prog.Inst) > mostInstructions || !onlyEnds(prog) {
		return e
	}
	if b := newTableBuilder(prog); b.build() {
		e.classes, e.width, e.table, e.ends = b.classes, len(b.bytes), slices.Clone(b.table), slices.Clone(b.ends)
	}
	return e
}

// MatchString is regexp's.
func (e *expression) MatchString(text string) bool {
	if e.table == nil {
		return e.Regexp.MatchString(text)
	}
	state := uint8(begin)
	for i := range len(text) {
		if text[i] >= ascii {
			return e.Regexp.MatchString(text)
		}
		if state = e.table[int(state)*e.width+int(e.classes[text[i]])]; state <= matched {
			return state == matched
		}
	}
	return e.ends[state]
}

// onlyEnds tells whether an expression looks at no more of its place than whether the text begins or ends there.
func onlyEnds(prog *syntax.Prog) bool {
	return !slices.ContainsFunc(prog.Inst, func(i syntax.Inst) bool {
		return i.Op == syntax.InstEmptyWidth && syntax.EmptyOp(i.Arg)&^(syntax.EmptyBeginText|syntax.EmptyEndText) != 0
	})
}

// tableBuilder makes states of sets of instructions (the subset construction).
type tableBuilder struct {
	prog    *syntax.Prog
	classes [ascii]uint8
	bytes   []rune     // one of each class
	states  [][]uint32 // what each may do next: instructions that read a byte, or ask whether the text ends, in order
	table   []uint8
	ends    []bool
	// While a set is made: the instructions that were looked at, and those that are to be.
	seen    []bool
	pending []uint32
}

func newTableBuilder(prog *syntax.Prog) *tableBuilder {
	b := &tableBuilder{prog: prog, seen: make([]bool, len(prog.Inst))}
	b.classify()
	return b
}

// classify puts bytes into one class that the same instructions read.
func (b *tableBuilder) classify() {
	known := map[string]uint8{}
	readers := make([]byte, len(b.prog.Inst))
	for c := range rune(ascii) {
		for pc := range b.prog.Inst {
			readers[pc] = 0
			if reads(&b.prog.Inst[pc], c) {
				readers[pc] = 1
			}
		}
		class, ok := known[string(readers)]
		if !ok {
			class = uint8(len(b.bytes))
			known[string(readers)] = class
			b.bytes = append(b.bytes, c)
		}
		b.classes[c] = class
	}
}

// build tells whether there are few enough states.
func (b *tableBuilder) build() bool {
	b.pending = append(b.pending, uint32(b.prog.Start))
	b.states = [][]uint32{dead: {}, matched: nil, begin: b.reach(syntax.EmptyBeginText)}
	if b.matches(b.states[begin]) {
		return false // it matches every text, and nobody would write it
	}
	for state := 0; state < len(b.states); state++ {
		at := syntax.EmptyOp(0)
		if state == begin {
			at = syntax.EmptyBeginText
		}
		b.pending = append(b.pending, b.states[state]...)
		b.ends = append(b.ends, b.matches(b.reach(at|syntax.EmptyEndText)))
		b.appendRow(state)
		if len(b.states) > mostStates {
			return false
		}
	}
	return true
}

// appendRow appends what follows a state, class by class.
func (b *tableBuilder) appendRow(state int) {
	for _, c := range b.bytes {
		next := state
		if state > matched {
			next = b.state(b.after(b.states[state], c))
		}
		b.table = append(b.table, uint8(next))
	}
}

// state is the number of a state, a new one where it is new.
func (b *tableBuilder) state(set []uint32) int {
	if b.matches(set) {
		return matched
	}
	for i := range b.states {
		if i != matched && i != begin && slices.Equal(b.states[i], set) {
			return i
		}
	}
	b.states = append(b.states, set)
	return len(b.states) - 1
}

// after is the state behind a byte. A match may begin there too.
func (b *tableBuilder) after(set []uint32, c rune) []uint32 {
	b.pending = append(b.pending, uint32(b.prog.Start))
	for _, pc := range set {
		if i := &b.prog.Inst[pc]; reads(i, c) {
			b.pending = append(b.pending, i.Out)
		}
	}
	return b.reach(0)
}

// reads tells whether an instruction reads a character.
func reads(i *syntax.Inst, c rune) bool {
	switch i.Op {
	case syntax.InstRune:
		return i.MatchRune(c)
	case syntax.InstRune1:
		return c == i.Rune[0]
	case syntax.InstRuneAny:
		return true
	case syntax.InstRuneAnyNotNL:
		return c != '\n'
	}
	return false
}

// reach is the set of what can be come to from the pending instructions without reading, at such a place of the text.
func (b *tableBuilder) reach(at syntax.EmptyOp) (set []uint32) {
	clear(b.seen)
	for len(b.pending) > 0 {
		pc := b.pending[len(b.pending)-1]
		b.pending = b.pending[:len(b.pending)-1]
		if b.seen[pc] {
			continue
		}
		b.seen[pc] = true
		switch i := &b.prog.Inst[pc]; i.Op {
		case syntax.InstAlt, syntax.InstAltMatch:
			b.pending = append(b.pending, i.Out, i.Arg)
		case syntax.InstNop, syntax.InstCapture:
			b.pending = append(b.pending, i.Out)
		case syntax.InstEmptyWidth:
			if wanted := syntax.EmptyOp(i.Arg); wanted&^at == 0 {
				b.pending = append(b.pending, i.Out)
			} else if wanted&syntax.EmptyEndText != 0 {
				set = append(set, pc) // the text may end here
			}
		case syntax.InstFail:
		default:
			set = append(set, pc)
		}
	}
	slices.Sort(set)
	return set
}

// matches tells whether a set holds the end of the expression.
func (b *tableBuilder) matches(set []uint32) bool {
	return slices.ContainsFunc(set, func(pc uint32) bool { return b.prog.Inst[pc].Op == syntax.InstMatch })
}
