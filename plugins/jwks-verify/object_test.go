package jwksverify

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReadObject(t *testing.T) {
	deep := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	for name, row := range map[string]struct {
		text string
		want error
	}{
		"an empty object":                      {`{}`, nil},
		"space everywhere":                     {" \t\r\n{ \"a\" : [ 1 , { } , [ ] ] , \"b\" : null } \n", nil},
		"every kind of value":                  {`{"a":"x","b":-1.5e+3,"c":true,"d":false,"e":null,"f":[1,"2"],"g":{"a":1}}`, nil},
		"names that differ in case":            {`{"a":1,"A":2}`, nil},
		"the same name in different objects":   {`{"a":{"a":1},"b":{"a":1}}`, nil},
		"every escape":                         {`{"\"\\\/\b\f\n\r\t\u0041\u00e9\ud83d\ude00":"\u0000"}`, nil},
		"text that is not ASCII":               {`{"é":"日本"}`, nil},
		"the deepest that we follow":           {`{"a":` + deep(15) + `}`, nil},
		"the largest numbers":                  {`{"a":1.7976931348623157e308,"b":123456789012345678901234567890}`, nil},
		"a number that rounds to zero":         {`{"a":1e-999}`, nil},
		"nothing":                              {``, errNotObject},
		"space":                                {` `, errNotObject},
		"a list":                               {`[]`, errNotObject},
		"null":                                 {`null`, errNotObject},
		"a byte order mark":                    {"\ufeff{}", errNotObject},
		"not UTF-8":                            {"{\"a\":\"\xff\"}", errNotUTF8},
		"a surrogate in UTF-8":                 {"{\"a\":\"\xed\xa0\x80\"}", errNotUTF8},
		"UTF-16":                               {"{\x00}\x00", errNotJSON},
		"two objects":                          {`{}{}`, errTrailing},
		"a NUL behind the object":              {"{}\x00", errTrailing},
		"a brace too many":                     {`{}}`, errTrailing},
		"duplicate members":                    {`{"a":1,"a":1}`, errDuplicate},
		"duplicate members apart":              {`{"a":1,"b":2,"a":3}`, errDuplicate},
		"duplicates, one with an escape":       {`{"a":1,"\u0061":1}`, errDuplicate},
		"duplicates within":                    {`{"x":[{"y":{"a":1,"a":2}}]}`, errDuplicate},
		"duplicate empty names":                {`{"":1,"":2}`, errDuplicate},
		"lists deeper than we follow":          {`{"a":` + deep(16) + `}`, errTooDeep},
		"objects deeper than we follow":        {strings.Repeat(`{"a":`, 17) + "1" + strings.Repeat("}", 17), errTooDeep},
		"lists that never end":                 {`{"a":` + strings.Repeat("[", 10000), errTooDeep},
		"a number that no float64 holds":       {`{"a":1e309}`, errOutOfRange},
		"a number below all of them":           {`{"a":-1e309}`, errOutOfRange},
		"a leading zero":                       {`{"a":01}`, errNotJSON},
		"a leading plus":                       {`{"a":+1}`, errNotJSON},
		"a leading point":                      {`{"a":.5}`, errNotJSON},
		"a trailing point":                     {`{"a":1.}`, errNotJSON},
		"a minus alone":                        {`{"a":-}`, errNotJSON},
		"an exponent without digits":           {`{"a":1e+}`, errNotJSON},
		"an exponent with two signs":           {`{"a":1e+-1}`, errNotJSON},
		"a hexadecimal number":                 {`{"a":0x10}`, errNotJSON},
		"a number with underscores":            {`{"a":1_000}`, errNotJSON},
		"infinity":                             {`{"a":Infinity}`, errNotJSON},
		"not a number":                         {`{"a":NaN}`, errNotJSON},
		"a word in another case":               {`{"a":True}`, errNotJSON},
		"a word that goes on":                  {`{"a":nullx}`, errNotJSON},
		"a trailing comma":                     {`{"a":1,}`, errNotJSON},
		"a trailing comma in a list":           {`{"a":[1,]}`, errNotJSON},
		"a leading comma":                      {`{,"a":1}`, errNotJSON},
		"no comma":                             {`{"a":1 "b":2}`, errNotJSON},
		"no comma in a list":                   {`{"a":[1 2]}`, errNotJSON},
		"no colon":                             {`{"a" 1}`, errNotJSON},
		"no value":                             {`{"a":}`, errNotJSON},
		"no name":                              {`{:1}`, errNotJSON},
		"a name without quotes":                {`{a:1}`, errNotJSON},
		"a name in single quotes":              {`{'a':1}`, errNotJSON},
		"a name that is a number":              {`{1:1}`, errNotJSON},
		"a comment":                            {`{/**/"a":1}`, errNotJSON},
		"a line break in a string":             {"{\"a\":\"\n\"}", errNotJSON},
		"a line break behind an escape":        {"{\"a\":\"\\n\n\"}", errNotJSON},
		"an unknown escape":                    {`{"a":"\x"}`, errNotJSON},
		"an escape of three digits":            {`{"a":"\u12"}`, errNotJSON},
		"an escape with a sign":                {`{"a":"\u+123"}`, errNotJSON},
		"half a surrogate pair":                {`{"a":"\ud83d"}`, errNotJSON},
		"the other half":                       {`{"a":"\ude00"}`, errNotJSON},
		"two first halves":                     {`{"a":"\ud83d\ud83d"}`, errNotJSON},
		"half a pair before a plain character": {`{"a":"\ud83dx"}`, errNotJSON},
		"a string that does not end":           {`{"a":"`, errNotJSON},
		"a string that ends in a backslash":    {`{"a":"\`, errNotJSON},
		"an object that does not end":          {`{"a":1`, errNotJSON},
		"an object that ends as a list":        {`{"a":1]`, errNotJSON},
		"no-break space":                       {"{\u00a0}", errNotJSON},
		"a form feed":                          {"{\f}", errNotJSON},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := readObject([]byte(row.text))
			if !errors.Is(err, row.want) || (got == nil) != (row.want != nil) {
				t.Fatalf("got %v, %v, want %v", got, err, row.want)
			}
			if row.want == nil {
				compareWithStandard(t, []byte(row.text), got)
			}
		})
	}
}

// compareWithStandard wants what encoding/json reads.
func compareWithStandard(t *testing.T, data []byte, got map[string]any) {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var want map[string]any
	if err := dec.Decode(&want); err != nil {
		t.Fatalf("encoding/json refuses %q: %v", data, err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		t.Fatalf("encoding/json finds more behind %q", data)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%q (-encoding/json +got):\n%s", data, diff)
	}
}

func TestReadingAnObjectAllocatesLittle(t *testing.T) {
	data := []byte(`{"list":[` + strings.Repeat("0,", 4000) + `0]}`)
	if n := testing.AllocsPerRun(10, func() { _, _ = readObject(data) }); n > 4100 {
		t.Errorf("%v allocations for 4001 numbers", n)
	}
}

// FuzzReadObject holds readObject to encoding/json: it takes nothing that that refuses, and reads the same;
// and it refuses nothing else than what it says.
func FuzzReadObject(f *testing.F) {
	f.Add([]byte(`{"a":"x","b":-1.5e+3,"c":true,"d":false,"e":null,"f":[1,"2"],"g":{"a":1}}`))
	f.Add([]byte(`{"\ud83d\ude00":"\u0000\"\\\/\b\f\n\r\t"}`))
	f.Add([]byte(`{"a":1,"a":2}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := readObject(data)
		switch {
		case err == nil:
			compareWithStandard(t, data, got)
		case (errors.Is(err, errNotJSON) || errors.Is(err, errTrailing)) && json.Valid(data):
			if !bytes.Contains(bytes.ToLower(data), []byte(`\ud`)) {
				t.Errorf("%q is JSON, but refused: %v", data, err)
			}
		}
	})
}
