package kong

// What is expected is asked for together with the next question, and then costs no waiting. It costs Kong a call in
// vain where nobody comes to ask.

// ExpectID is for ID, and for Reject with it.
func (r *Request) ExpectID() { r.ExpectVar(idVariable) }

// ExpectVar is for Var of that name.
func (r *Request) ExpectVar(name string) { r.aheadText("kong.nginx.get_var", name) }

// ExpectShared is for Shared with that key.
func (r *Request) ExpectShared(key string) { r.aheadText("kong.ctx.shared.get", key) }

// ExpectPeer is for Peer.
func (r *Request) ExpectPeer() { r.ahead("kong.client.get_ip", nil) }

// ExpectForwardedIP is for Client.GetForwardedIp.
func (r *Request) ExpectForwardedIP() { r.ahead("kong.client.get_forwarded_ip", nil) }

// ExpectCredential is for Client.GetCredential.
func (r *Request) ExpectCredential() { r.ahead("kong.client.get_credential", nil) }

// ExpectService is for Router.GetService.
func (r *Request) ExpectService() { r.ahead("kong.router.get_service", nil) }

// ExpectRoute is for Router.GetRoute.
func (r *Request) ExpectRoute() { r.ahead("kong.router.get_route", nil) }

func (r *Request) aheadText(method, text string) { r.ahead(method, appendText(nil, stringText, text)) }

func (r *Request) ahead(method string, args []byte) {
	if conn, ok := r.conn.(pipeline); ok {
		conn.Ahead(method, args)
	}
}
