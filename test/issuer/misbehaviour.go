package issuer

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"time"
)

// Misbehaviour is a way in which an issuer's key set and metadata go wrong; empty for none.
type Misbehaviour string

// What an issuer can do wrong.
const (
	Slow         Misbehaviour = "slow"          // the answer comes after two seconds
	Hanging      Misbehaviour = "hanging"       // no answer comes
	Dripping     Misbehaviour = "dripping"      // the answer comes byte by byte, without end
	Redirecting  Misbehaviour = "redirecting"   // to another host
	Looping      Misbehaviour = "looping"       // a redirect to itself
	Huge         Misbehaviour = "huge"          // 2 MiB of JSON
	Empty        Misbehaviour = "empty"         // 200 without a body
	HTML         Misbehaviour = "html"          // 200 with a page for people
	Failing      Misbehaviour = "failing"       // 500, with the right body
	Half         Misbehaviour = "half"          // the first half of the right body
	Cut          Misbehaviour = "cut"           // a body shorter than it says
	NoKeys       Misbehaviour = "no_keys"       // a JSON object without keys
	EmptyKeys    Misbehaviour = "empty_keys"    // a set of no keys
	WrongTypes   Misbehaviour = "wrong_types"   // members of other types than they should be
	DuplicateIDs Misbehaviour = "duplicate_ids" // another key under the same kid before each
)

// Misbehaviours are all that there are.
func Misbehaviours() []Misbehaviour {
	return []Misbehaviour{
		Slow, Hanging, Dripping, Redirecting, Looping, Huge, Empty, HTML, Failing,
		Half, Cut, NoKeys, EmptyKeys, WrongTypes, DuplicateIDs,
	}
}

// Misbehave makes the key set and the metadata go wrong from now on, or right again.
func (i *Issuer) Misbehave(how Misbehaviour) { i.misbehaviour.Store(how) }

func (i *Issuer) misbehave(w http.ResponseWriter, r *http.Request) {
	how := Misbehaviour(r.FormValue("as"))
	if how != "" && !slices.Contains(Misbehaviours(), how) {
		http.Error(w, fmt.Sprintf("as: must be empty or one of %q", Misbehaviours()), http.StatusBadRequest)
		return
	}
	i.Misbehave(how)
}

// spoiled serves what right would, in the way that the issuer misbehaves.
func (i *Issuer) spoiled(right http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		how, _ := i.misbehaviour.Load().(Misbehaviour)
		switch how {
		case "":
			right(w, r)
		case Slow:
			pause(r, 2*time.Second)
			right(w, r)
		case Hanging:
			<-r.Context().Done()
		case Dripping:
			drip(w, r)
		case Redirecting:
			http.Redirect(w, r, "http://elsewhere.example"+r.URL.Path, http.StatusFound)
		case Looping:
			http.Redirect(w, r, r.URL.Path, http.StatusFound)
		default:
			answer := httptest.NewRecorder()
			right(answer, r)
			spoil(w, how, answer.Body.Bytes())
		}
	}
}

// spoil answers with something else than the right body.
func spoil(w http.ResponseWriter, how Misbehaviour, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	switch how {
	case Huge:
		body = append([]byte(`{"padding":"`+strings.Repeat("x", 2<<20)+`",`), body[1:]...)
	case Empty:
		body = nil
	case HTML:
		w.Header().Set("Content-Type", "text/html")
		body = []byte("<!doctype html><title>We will be back soon</title>")
	case Failing:
		w.WriteHeader(http.StatusInternalServerError)
	case Half:
		body = body[:len(body)/2]
	case Cut:
		w.Header().Set("Content-Length", fmt.Sprint(len(body)+100))
	case NoKeys:
		body = []byte(`{"message":"try again later"}`)
	case EmptyKeys:
		body = []byte(`{"keys":[]}`)
	case WrongTypes:
		body = []byte(`{"keys":[{"kty":1,"kid":2},"key",null,[],{"kty":"RSA","kid":"x","n":1,"e":{}}]}`)
	case DuplicateIDs:
		body = decoyed(body)
	}
	_, _ = w.Write(body) // a client that has left misses nothing
}

// decoyed puts another key, one that nobody can sign with, under each key's kid.
func decoyed(body []byte) []byte {
	var set struct {
		Keys []jwk `json:"keys"`
	}
	if err := json.Unmarshal(body, &set); err != nil || set.Keys == nil {
		return body // the metadata
	}
	var keys []jwk
	for _, k := range set.Keys {
		decoy := k
		decoy.Modulus = strings.Repeat("_", 340) + "-w" // 2048 bits
		keys = append(keys, decoy, k)
	}
	out, err := json.Marshal(map[string]any{"keys": keys})
	if err != nil {
		return body
	}
	return out
}

// pause lasts as long as the client stays.
func pause(r *http.Request, d time.Duration) {
	select {
	case <-time.After(d):
	case <-r.Context().Done():
	}
}

func drip(w http.ResponseWriter, r *http.Request) {
	for r.Context().Err() == nil {
		if _, err := w.Write([]byte(" ")); err != nil {
			return
		}
		_ = http.NewResponseController(w).Flush()
		pause(r, 100*time.Millisecond)
	}
}
