package jwksverify

import "tollgate/internal/kong"

// upstreamHeaders are what the upstream is told of a token's owner, as by Kong's own auth plugins
// (kong/constants.lua); consumer is nil for none.
func upstreamHeaders(consumer *kong.Account, id *identity) []kong.Header {
	headers := consumerHeaders(consumer, len(id.fields))
	for _, f := range id.fields {
		headers = append(headers, kong.Header{Name: f.name, Value: f.value})
	}
	return headers
}

// anonymousHeaders are what the upstream is told of a request without a token.
func anonymousHeaders(consumer *kong.Account) []kong.Header {
	return append(consumerHeaders(consumer, 1), kong.Header{Name: "X-Anonymous-Consumer", Value: "true"})
}

// consumerHeaders show a consumer, nil for none, as Kong's operator named it. There is room for more headers.
func consumerHeaders(consumer *kong.Account, more int) []kong.Header {
	const own = 3
	headers := make([]kong.Header, 0, own+more)
	if consumer == nil {
		return headers
	}
	for _, h := range [own]kong.Header{
		{Name: "X-Consumer-ID", Value: consumer.ID},
		{Name: "X-Consumer-Username", Value: consumer.Username},
		{Name: "X-Consumer-Custom-ID", Value: consumer.CustomID},
	} {
		if h.Value != "" {
			headers = append(headers, h)
		}
	}
	return headers
}
