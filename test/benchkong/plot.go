package main

import (
	"fmt"
	"html"
	"slices"
	"strings"
)

// The plot's measures, in pixels.
const (
	rowHeight, barHeight = 24, 16
	labelWidth           = 400
	rateWidth, cpuWidth  = 300, 300
	gap                  = 60 // for the figure after a bar
	top                  = 56
)

// The colours of the parts, which are told apart without colour by their order too.
const (
	oursColour, othersColour           = "#1a66b3", "#9aa5b1"
	kongColour, goColour, redisColour  = "#5b8c5a", "#1a66b3", "#b3541a"
	textColour, backColour, lineColour = "#1f2933", "#ffffff", "#d5dbe1"
)

// plot draws a bar for each route's requests a second, and beside it where a request's CPU time went.
func plot(results []result) string {
	width, height := labelWidth+rateWidth+gap+cpuWidth+gap, top+rowHeight*len(results)+12
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12" fill="%s">`+"\n", width, height, textColour)
	fmt.Fprintf(&b, `<title>Requests per second, and CPU time of a request, by route</title>`+"\n")
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="%s"/>`+"\n", width, height, backColour)
	legend(&b)
	rates, cpus := scale(results, rateWidth, rate), scale(results, cpuWidth, allCPU)
	for i, r := range results {
		y := top + rowHeight*i
		label(&b, labelWidth-8, y, "end", strings.ReplaceAll(r.title, "`", ""))
		rateBar(&b, y, r, rates)
		cpuBar(&b, y, r, cpus)
	}
	return b.String() + "</svg>\n"
}

func rateBar(b *strings.Builder, y int, r result, unit float64) {
	colour := othersColour
	if r.ours {
		colour = oursColour
	}
	x := bar(b, labelWidth, labelWidth+rateWidth, y, r.median(rate)*unit, colour)
	label(b, x+6, y, "start", fmt.Sprintf("%.0f", r.median(rate)))
}

// cpuBar has the parts behind each other.
func cpuBar(b *strings.Builder, y int, r result, unit float64) {
	x := labelWidth + rateWidth + gap
	limit, text := x+cpuWidth, fmt.Sprintf("%.0f", r.median(allCPU))
	if r.median(allCPU)*unit > cpuWidth+1 {
		text = "≫ " + text // the bar is cut
	}
	for _, part := range []struct {
		of     func(turn) float64
		colour string
	}{{kongCPU, kongColour}, {goCPU, goColour}, {redisCPU, redisColour}} {
		x = bar(b, x, limit, y, r.median(part.of)*unit, part.colour)
	}
	label(b, x+6, y, "start", text)
}

func allCPU(t turn) float64 { return kongCPU(t) + goCPU(t) + redisCPU(t) }

// scale is the pixels of a unit: the longest bar fills the width, unless it is so long that nothing could be read from
// the others.
func scale(results []result, width float64, of func(turn) float64) float64 {
	values := make([]float64, 0, len(results))
	for _, r := range results {
		values = append(values, r.median(of))
	}
	slices.Sort(values)
	const times = 4 // the usual one
	longest := min(values[len(values)-1], times*values[(len(values)-1)/2])
	if longest == 0 {
		return 0
	}
	return width / longest
}

// bar returns where it ends, which is not beyond the limit.
func bar(b *strings.Builder, x, limit, y int, length float64, colour string) int {
	width := min(int(length+0.5), limit-x)
	fmt.Fprintf(b, `<rect x="%d" y="%d" width="%d" height="%d" fill="%s"/>`+"\n", x, y, width, barHeight, colour)
	return x + width
}

func label(b *strings.Builder, x, y int, anchor, text string) {
	fmt.Fprintf(b, `<text x="%d" y="%d" text-anchor="%s">%s</text>`+"\n", x, y+barHeight-4, anchor, html.EscapeString(text))
}

func legend(b *strings.Builder) {
	const first, second = 8, 30
	left, right := labelWidth, labelWidth+rateWidth+gap
	label(b, left, first, "start", "requests per second")
	label(b, right, first, "start", "CPU µs of a request: ")
	fmt.Fprintf(b, `<line x1="0" x2="100%%" y1="%d" y2="%d" stroke="%s"/>`+"\n", top-4, top-4, lineColour)
	for _, entry := range []struct {
		x            int
		colour, text string
	}{
		{left, oursColour, "with Tollgate"}, {left + 120, othersColour, "without"},
		{right, kongColour, "Kong"}, {right + 60, goColour, "plugin server"}, {right + 170, redisColour, "Redis"},
	} {
		fmt.Fprintf(b, `<rect x="%d" y="%d" width="10" height="10" fill="%s"/>`+"\n", entry.x, second+3, entry.colour)
		label(b, entry.x+15, second, "start", entry.text)
	}
}
