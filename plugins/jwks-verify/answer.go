package jwksverify

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"tollgate/internal/kong"
	"tollgate/internal/problem"
)

// realm names the protection space (RFC 9110, section 11.5).
const realm = "tollgate"

// retryAfter is the time after which a request may cause the next fetch of keys.
const retryAfter = coolDown

// answer is what the client of a refused request gets: a fixed text, never what was expected or found.
type answer struct {
	status int
	// code is the error code of RFC 6750, section 3.1.
	code string
	// challenge tells that the answer asks for a token.
	challenge bool
	detail    string
}

// answerTo maps each refusal to its answer.
func answerTo(v verdict) answer {
	switch v.reason {
	case reasonNoToken: // RFC 6750, section 3.1: no error code where no token came
		return answer{http.StatusUnauthorized, "", true, "This resource needs a bearer token."}
	case reasonKeysUnavailable:
		return answer{http.StatusServiceUnavailable, "", false, "Tokens cannot be verified at the moment."}
	case reasonConsumer: // the token is good, so a new one would not help
		return answer{http.StatusForbidden, "", false, "The client is not registered here."}
	case reasonExpired:
		return answer{http.StatusUnauthorized, "invalid_token", true, "The access token expired."}
	}
	if v.badRequest {
		return answer{http.StatusBadRequest, "invalid_request", true, "The request must hold one bearer token, in one Authorization header."}
	}
	return answer{http.StatusUnauthorized, "invalid_token", true, "The access token is not valid here."}
}

func (a answer) problem() problem.Problem {
	return problem.Problem{Status: a.status, Detail: a.detail}
}

func (a answer) headers() []kong.Header {
	switch {
	case a.challenge:
		return []kong.Header{{Name: "WWW-Authenticate", Value: a.authenticate()}}
	case a.status == http.StatusServiceUnavailable:
		return []kong.Header{{Name: "Retry-After", Value: strconv.Itoa(int(retryAfter / time.Second))}}
	}
	return nil
}

// authenticate is the challenge of RFC 6750, section 3. Its texts are constants without quotes or
// backslashes, so that quoting is just that.
func (a answer) authenticate() string {
	if a.code == "" {
		return fmt.Sprintf(`Bearer realm="%s"`, realm)
	}
	return fmt.Sprintf(`Bearer realm="%s", error="%s", error_description="%s"`, realm, a.code, a.detail)
}
