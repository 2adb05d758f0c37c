// Package kubernetes holds the manifests and the Helm values under kong/kubernetes to the types that they are
// of: a field that a type does not have is an error.
package kubernetes

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	kong "github.com/kong/kubernetes-configuration/api/configuration/v1"
	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	gateway "sigs.k8s.io/gateway-api/apis/v1"
	"sigs.k8s.io/yaml"
)

const folder = "../../../kong/kubernetes"

// typeOf makes an empty object of the type that a manifest says it is of; nil for one that is not known.
func typeOf(t meta.TypeMeta) meta.Object {
	switch t.APIVersion + " " + t.Kind {
	case "v1 Secret":
		return &core.Secret{}
	case "v1 Service":
		return &core.Service{}
	case "networking.k8s.io/v1 Ingress":
		return &networking.Ingress{}
	case "networking.k8s.io/v1 NetworkPolicy":
		return &networking.NetworkPolicy{}
	case "gateway.networking.k8s.io/v1 GatewayClass":
		return &gateway.GatewayClass{}
	case "gateway.networking.k8s.io/v1 Gateway":
		return &gateway.Gateway{}
	case "gateway.networking.k8s.io/v1 HTTPRoute":
		return &gateway.HTTPRoute{}
	case "monitoring.coreos.com/v1 PodMonitor":
		return &monitoring.PodMonitor{}
	case "monitoring.coreos.com/v1 PrometheusRule":
		return &monitoring.PrometheusRule{}
	case "configuration.konghq.com/v1 KongPlugin":
		return &kong.KongPlugin{}
	case "configuration.konghq.com/v1 KongClusterPlugin":
		return &kong.KongClusterPlugin{}
	case "configuration.konghq.com/v1 KongConsumer":
		return &kong.KongConsumer{}
	}
	return nil
}

// read decodes one manifest, strictly.
func read(t *testing.T, file, text string) meta.Object {
	t.Helper()
	var kind meta.TypeMeta
	if err := yaml.Unmarshal([]byte(text), &kind); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	object := typeOf(kind)
	if object == nil {
		t.Fatalf("%s: no type is known for %v", file, kind)
	}
	if err := yaml.UnmarshalStrict([]byte(text), object); err != nil {
		t.Fatalf("%s: %s: %v", file, kind.Kind, err)
	}
	return object
}

// objects are those of all manifests.
func objects(t *testing.T) []meta.Object {
	t.Helper()
	var found []meta.Object
	for _, file := range files(t, "*.yaml") {
		if strings.HasPrefix(filepath.Base(file), "values-") {
			continue
		}
		for text := range strings.SplitSeq(content(t, file), "\n---\n") {
			found = append(found, read(t, filepath.Base(file), text))
		}
	}
	return found
}

// of are the objects of one type, by namespace and name.
func of[O meta.Object](all []meta.Object) map[string]O {
	found := map[string]O{}
	for _, object := range all {
		if o, ok := object.(O); ok {
			found[o.GetNamespace()+"/"+o.GetName()] = o
		}
	}
	return found
}

func files(t *testing.T, pattern string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(folder, pattern))
	if err != nil || len(found) == 0 {
		t.Fatalf("no %s: %v", pattern, err)
	}
	return found
}

func content(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
