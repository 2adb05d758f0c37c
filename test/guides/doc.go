// Package guides runs the pages of kong/guides and kong/TROUBLESHOOTING.md as they stand there.
//
// Every fenced block of a page is one of these, and no other kind is allowed:
//
//	console  commands behind "$ ", each with what it prints: run, and compared. "…" in what is printed stands
//	         for any text, a line of nothing else for any lines; the width of spaces does not count.
//	sh       commands, each of which must succeed
//	yaml     configuration, which our schemas must accept
//	text     shown only
//
// Comments of HTML, which no reader of the page sees, tell the test more:
//
//	<!-- faults -->           from here on what `make faults` gives: testdata/faults.yml in place of kong/kong.yml,
//	                          load balancers that play the F5, an issuer behind TLS; the variables are in the file env
//	<!-- merge -->            the next block is merged into kong.yml, as its reader would by hand
//	<!-- save FILE -->        the next block is written to a file
//	<!-- only kong -->        the next block needs a real Kong: GATEWAY=kong
//	<!-- only redis -->       the next block needs a redis-server, not the embedded stand-in
//	<!-- never run -->        the next block is not run, which the prose beside it must say
//	<!-- run … -->            commands that set the scene
//
// All commands of a page run in one bash, in a folder that has the configuration as kong.yml. decK is played by
// a function: references to the environment are filled in, and a gateway without a database loads the file. What is
// shown is held to our schemas as it stands there, before anything in it is replaced, and on a real Kong to all of Kong's.
package guides
