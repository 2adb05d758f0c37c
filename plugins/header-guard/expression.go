package headerguard

import (
	"regexp"
	"regexp/syntax"
	"slices"
)

// expression is a regular expression of the configuration. Texts of ASCII, which nearly all are, go through a
// table of its states, of 16 KB at most, a byte at a time: regexp, which simulates all states at once, takes ten
// times as long (BenchmarkExpression). It judges all other texts, and all of them where there is no table.
type expression struct {
	*regexp.Regexp
	table []uint8 // the next state, by state and byte; nil for none
	ends  []bool  // whether a text that ends in the state matches
}

const (
	dead    = 0 // no text matches that comes to here
	matched = 1 // each does
	begin   = 2 // nothing was read

	mostStates = 127
	ascii      = 128 // bytes below it
)

// compile takes what regexp has accepted.
func compile(text string) *expression {
	e := &expression{Regexp: regexp.MustCompile(text)}
	parsed, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return e
	}
	prog, err := syntax.Compile(parsed.Simplify())
	if err != nil || !onlyEnds(prog) {
		return e
	}
	if b := (tableBuilder{prog: prog}); b.build() {
		e.table, e.ends = b.table, b.ends
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
		if state = e.table[int(state)*ascii+int(text[i])]; state <= matched {
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
	prog   *syntax.Prog
	states [][]uint32 // what each may do next: instructions that read a byte, or ask whether the text ends, in order
	table  []uint8
	ends   []bool
}

// build tells whether there are few enough states.
func (b *tableBuilder) build() bool {
	b.states = [][]uint32{dead: {}, matched: nil, begin: b.from(nil, syntax.EmptyBeginText, uint32(b.prog.Start))}
	if b.matches(b.states[begin]) {
		return false // it matches every text, and nobody would write it
	}
	for state := 0; state < len(b.states); state++ {
		at := syntax.EmptyOp(0)
		if state == begin {
			at = syntax.EmptyBeginText
		}
		b.ends = append(b.ends, b.matches(b.from(nil, at|syntax.EmptyEndText, b.states[state]...)))
		for c := range rune(ascii) {
			next := state
			if state > matched {
				next = b.state(b.after(b.states[state], c))
			}
			b.table = append(b.table, uint8(next))
		}
		if len(b.states) > mostStates {
			return false
		}
	}
	return true
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
	next := b.from(nil, 0, uint32(b.prog.Start))
	for _, pc := range set {
		if i := &b.prog.Inst[pc]; reads(i, c) {
			next = b.from(next, 0, i.Out)
		}
	}
	slices.Sort(next)
	return next
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

// from adds to a set what can be reached without reading, at a place of the text.
func (b *tableBuilder) from(set []uint32, at syntax.EmptyOp, pcs ...uint32) []uint32 {
	seen := make([]bool, len(b.prog.Inst))
	for _, pc := range set {
		seen[pc] = true
	}
	for pending := slices.Clone(pcs); len(pending) > 0; {
		pc := pending[len(pending)-1]
		pending = pending[:len(pending)-1]
		if seen[pc] {
			continue
		}
		seen[pc] = true
		switch i := &b.prog.Inst[pc]; i.Op {
		case syntax.InstAlt, syntax.InstAltMatch:
			pending = append(pending, i.Out, i.Arg)
		case syntax.InstNop, syntax.InstCapture:
			pending = append(pending, i.Out)
		case syntax.InstEmptyWidth:
			if wanted := syntax.EmptyOp(i.Arg); wanted&^at == 0 {
				pending = append(pending, i.Out)
			} else if wanted&syntax.EmptyEndText != 0 {
				set = append(set, pc) // the text may end here
			}
		case syntax.InstFail:
		default:
			set = append(set, pc)
		}
	}
	return set
}

// matches tells whether a set holds the end of the expression.
func (b *tableBuilder) matches(set []uint32) bool {
	return slices.ContainsFunc(set, func(pc uint32) bool { return b.prog.Inst[pc].Op == syntax.InstMatch })
}
