// Package schema applies the defaults of a plugin's Kong schema to a config,
// as Kong's Schema:process_auto_fields does when it inserts and then selects
// the plugin.
//
// It does not enforce the schema: apart from fields that the schema does not
// know and values of the wrong shape, whatever is in the config passes. How
// Kong judges a config is found out on a real Kong only.
package schema
