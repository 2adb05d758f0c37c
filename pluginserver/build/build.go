// Package build says which build of the plugin server runs.
package build

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/prometheus/client_golang/prometheus"
)

// What the linker sets (-X, in the Dockerfile and the Makefile). Nothing writes them at run time.
var version, revision, created string

// Info describes a build. What is not known is empty.
type Info struct {
	// Version is a tag, or "devel".
	Version string `json:"version"`
	// Revision is that of the source, with "-dirty" where the tree was changed.
	Revision string `json:"revision,omitempty"`
	// Created is the time of the build as its builder gave it, RFC 3339.
	Created string `json:"created,omitempty"`
	// Go is the toolchain's version, Platform the operating system and the processor.
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

// Read returns what the linker was told, and for the rest what the toolchain recorded by itself.
func Read() Info {
	info := Info{Version: version, Revision: revision, Created: created}
	if recorded, ok := debug.ReadBuildInfo(); ok {
		info = info.completed(recorded)
	}
	info.Version = cmp.Or(info.Version, "devel")
	info.Go, info.Platform = runtime.Version(), runtime.GOOS+"/"+runtime.GOARCH
	return info
}

// completed takes from the toolchain's record what the linker was not told.
func (i Info) completed(recorded *debug.BuildInfo) Info {
	settings := map[string]string{}
	for _, s := range recorded.Settings {
		settings[s.Key] = s.Value
	}
	if i.Revision == "" && settings["vcs.revision"] != "" {
		i.Revision = settings["vcs.revision"]
		if settings["vcs.modified"] == "true" {
			i.Revision += "-dirty"
		}
	}
	return i
}

// String is one line for people.
func (i Info) String() string {
	line := fmt.Sprintf("pluginserver %s (revision %s, %s, %s", i.Version, cmp.Or(i.Revision, "unknown"), i.Go, i.Platform)
	if i.Created != "" {
		line += ", built " + i.Created
	}
	return line + ")"
}

// Metric is tollgate_build_info, always 1, whose labels say which build it is.
func (i Info) Metric() prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Namespace: "tollgate", Name: "build_info", Help: "The build that runs, by its labels; always 1.",
		ConstLabels: prometheus.Labels{"version": i.Version, "revision": i.Revision, "goversion": i.Go},
	}, func() float64 { return 1 })
}
