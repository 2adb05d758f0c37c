package jwksverify

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLookups(t *testing.T) {
	const id = "11111111-1111-4111-8111-11111111111A"
	token := claims{"client_id": "app", "azp": "app", "sub": id, "n": "crm-7", "o": map[string]any{"id": "inner"}, "list": []any{"app"}, "empty": "", "number": json.Number("1001"), "yes": true}
	for name, row := range map[string]struct {
		config Config
		want   []lookup
	}{
		"in the order of the configuration": {
			Config{ConsumerClaims: []string{"sub", "client_id"}, ConsumerBy: byUsername},
			[]lookup{{id, byUsername}, {"app", byUsername}},
		},
		"each name once": {
			Config{ConsumerClaims: []string{"client_id", "azp"}, ConsumerBy: byUsername},
			[]lookup{{"app", byUsername}},
		},
		"absent, empty and other claims ask for nobody": {
			Config{ConsumerClaims: []string{"absent", "empty", "list", "o", "o.id"}, ConsumerBy: byUsername},
			[]lookup{{"inner", byUsername}},
		},
		"a number, as it was written; a word is none": {
			Config{ConsumerClaims: []string{"yes", "number"}, ConsumerBy: byUsername},
			[]lookup{{"1001", byUsername}},
		},
		"a number, by custom_id": {
			Config{ConsumerClaims: []string{"number"}, ConsumerBy: byCustomID, CustomIDs: []CustomID{{"1001", "ann"}}},
			[]lookup{{"ann", ""}},
		},
		"by id, only what can be one: Kong ends the request else": {
			Config{ConsumerClaims: []string{"client_id", "sub"}, ConsumerBy: byID},
			[]lookup{{id, byID}},
		},
		"by custom_id, only those of the map": {
			Config{ConsumerClaims: []string{"client_id", "n"}, ConsumerBy: byCustomID, CustomIDs: []CustomID{{"crm-7", "ann"}, {"crm-8", "app"}}},
			[]lookup{{"ann", ""}},
		},
		"none configured": {Config{ConsumerBy: byUsername}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			got := newIdentifier(&row.config).lookups(token)
			if diff := cmp.Diff(row.want, got, cmp.AllowUnexported(lookup{})); diff != "" {
				t.Errorf("lookups (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAFoundConsumerMustBeTheOneThatWasMeant(t *testing.T) {
	const id = "11111111-1111-4111-8111-11111111111a"
	for name, row := range map[string]struct {
		lookup lookup
		want   bool
	}{
		"by its username":                  {lookup{"ann", byUsername}, true},
		"a username in another case":       {lookup{"Ann", byUsername}, false},
		"its id is not its username":       {lookup{id, byUsername}, false},
		"by its id":                        {lookup{id, byID}, true},
		"an id in another case":            {lookup{"11111111-1111-4111-8111-11111111111A", byID}, true},
		"another id":                       {lookup{"11111111-1111-4111-8111-111111111111", byID}, false},
		"its username is not its id":       {lookup{"ann", byID}, false},
		"either, as the operator names it": {lookup{"ann", ""}, true},
	} {
		t.Run(name, func(t *testing.T) {
			if got := row.lookup.fits(id, "ann"); got != row.want {
				t.Errorf("fits: %t", got)
			}
		})
	}
}

func TestIsUUIDIsAsKongSeesIt(t *testing.T) {
	for text, want := range map[string]bool{
		"": false, "app": false, noConsumer: true,
		"11111111-1111-4111-8111-11111111111a": true, "AAAAAAAA-1111-4111-8111-11111111111F": true,
		"11111111-1111-4111-8111-11111111111g": false, "11111111-1111-4111-8111-1111111111111": false,
		"1111111111111-4111-8111-11111111111a-": false, "11111111a1111-4111-8111-11111111111a": false,
		"11111111-1111-4111-8111-1111111111-1": false,
	} {
		if got := isUUID(text); got != want {
			t.Errorf("%q: %t", text, got)
		}
	}
}
