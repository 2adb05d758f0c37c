package jwksverify

import (
	"testing"

	"tollgate/internal/schema/schematest"
)

func TestReadmeAndConfigAreAsTheSchemaSays(t *testing.T) { schematest.Check[Config](t, Schema()) }
