package declarative

import (
	"strings"
	"testing"
)

// The ids that Kong 3.9.3 gave to these, without a database.
func TestIDsAreThoseOfKong(t *testing.T) {
	d := parse(t, `
services:
- {name: api, routes: [{name: keys}]}
- {name: "sérvice.1"}
routes: [{name: top, service: api}]
consumers: [{username: free-app}, {username: "zoë 1"}, {username: given, id: 22222222-2222-4222-8222-222222222222}, {custom_id: only}]
`)
	for _, row := range []struct {
		got  Entity
		want string
	}{
		{d.Services[0].Entity, "995edec0-86bd-564e-8374-a276c5c0c8dc derived"},
		{d.Routes[0].Entity, "dc165699-4561-56d7-bf7a-eecb93ba6bc7 derived"},
		{d.Routes[1].Entity, "5f8aaeea-6fd8-5878-a858-38a1cd01ffc9 derived"},
		{d.Consumers[0].Entity, "07066ad5-5a59-5039-ac1b-d2513b5d482c derived"},
		{d.Consumers[1].Entity, "b22a6bc6-16ec-570d-96c4-2c7c42703b03 derived"},
		{d.Consumers[2].Entity, "22222222-2222-4222-8222-222222222222 config"},
		{d.Consumers[3].Entity, " "}, // Kong makes one up at each reading
	} {
		if got := row.got.ID + " " + string(row.got.Origin); got != row.want {
			t.Errorf("%s: %q, want %q", row.got.Name, got, row.want)
		}
	}
}

func TestIsUUID(t *testing.T) {
	for text, want := range map[string]bool{
		"07066ad5-5a59-5039-ac1b-d2513b5d482c": true, "07066AD5-5A59-5039-AC1B-D2513B5D482C": true,
		"": false, "free-app": false, "07066ad5-5a59-5039-ac1b-d2513b5d482": false,
		"07066ad5_5a59-5039-ac1b-d2513b5d482c": false, "07066ad5-5a59-5039-ac1b-d2513b5d482g": false,
		strings.Repeat("-", 36): false,
	} {
		if got := IsUUID(text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}
