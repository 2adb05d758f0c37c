package kubernetes

import (
	"encoding/json"
	"strings"
	"testing"

	kong "github.com/kong/kubernetes-configuration/api/configuration/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	gateway "sigs.k8s.io/gateway-api/apis/v1"
)

const (
	classAnnotation   = "kubernetes.io/ingress.class"
	pluginsAnnotation = "konghq.com/plugins"
	credentialLabel   = "konghq.com/credential"
)

// knowsPlugin tells whether a plugin's name means something in a namespace.
func knowsPlugin(all []meta.Object, namespace, name string) bool {
	_, own := of[*kong.KongPlugin](all)[namespace+"/"+name]
	_, everywhere := of[*kong.KongClusterPlugin](all)["/"+name]
	return own || everywhere
}

// The controller overlooks an object that it does not take for its own, and a plugin that it does not find.
func TestEveryPluginThatIsBoundExists(t *testing.T) {
	all, bound := objects(t), 0
	for _, object := range all {
		for name := range strings.SplitSeq(object.GetAnnotations()[pluginsAnnotation], ",") {
			if name == "" {
				continue
			}
			bound++
			if !knowsPlugin(all, object.GetNamespace(), name) {
				t.Errorf("%s names a plugin that is none: %q", object.GetName(), name)
			}
		}
	}
	for _, route := range of[*gateway.HTTPRoute](all) {
		for _, rule := range route.Spec.Rules {
			for _, filter := range rule.Filters {
				bound++
				ref := filter.ExtensionRef
				if ref == nil || ref.Group != "configuration.konghq.com" || ref.Kind != "KongPlugin" || !knowsPlugin(all, route.Namespace, string(ref.Name)) {
					t.Errorf("the route %s has a filter that is no plugin: %+v", route.Name, ref)
				}
			}
		}
	}
	if bound != 9 {
		t.Errorf("%d plugins are bound, want 9", bound)
	}
}

func TestTheControllerTakesWhatIsForIt(t *testing.T) {
	all := objects(t)
	for _, plugin := range of[*kong.KongClusterPlugin](all) {
		if plugin.Annotations[classAnnotation] != "kong" {
			t.Errorf("the cluster plugin %s has no class", plugin.Name)
		}
	}
	for _, consumer := range of[*kong.KongConsumer](all) {
		if consumer.Annotations[classAnnotation] != "kong" || consumer.Username != consumer.Name {
			t.Errorf("the consumer %s has no class, or another name", consumer.Name)
		}
		for _, name := range consumer.Credentials {
			secret, ok := of[*core.Secret](all)[consumer.Namespace+"/"+name]
			if !ok || secret.Labels[credentialLabel] != "key-auth" || secret.StringData["key"] == "" {
				t.Errorf("the consumer %s names %s, which is no key", consumer.Name, name)
			}
		}
	}
	for _, ingress := range of[*networking.Ingress](all) {
		if ingress.Spec.IngressClassName == nil || *ingress.Spec.IngressClassName != "kong" {
			t.Errorf("the ingress %s has no class", ingress.Name)
		}
	}
}

func TestPatchesComeFromSecretsThatHoldJSON(t *testing.T) {
	all, patches := objects(t), 0
	for _, plugin := range of[*kong.KongClusterPlugin](all) {
		for _, patch := range plugin.ConfigPatches {
			patches++
			from := patch.ValueFrom.SecretValue
			secret, ok := of[*core.Secret](all)[from.Namespace+"/"+from.Secret]
			if !ok || !json.Valid([]byte(secret.StringData[from.Key])) {
				t.Errorf("%s: no JSON for %s", plugin.Name, patch.Path)
			}
		}
	}
	if patches == 0 {
		t.Error("no manifest has a patch")
	}
}

func TestEveryBackendIsAPortOfTheService(t *testing.T) {
	all := objects(t)
	services := of[*core.Service](all)
	for _, ingress := range of[*networking.Ingress](all) {
		for _, rule := range ingress.Spec.Rules {
			for _, path := range rule.HTTP.Paths {
				back := path.Backend.Service
				service, ok := services[ingress.Namespace+"/"+back.Name]
				if !ok || service.Spec.Ports[0].Name != back.Port.Name {
					t.Errorf("the ingress %s leads to no port of a service", ingress.Name)
				}
			}
		}
	}
	for _, route := range of[*gateway.HTTPRoute](all) {
		for _, rule := range route.Spec.Rules {
			for _, back := range rule.BackendRefs {
				service, ok := services[route.Namespace+"/"+string(back.Name)]
				if !ok || back.Port == nil || service.Spec.Ports[0].Port != int32(*back.Port) {
					t.Errorf("the route %s leads to no port of a service", route.Name)
				}
			}
		}
	}
}
