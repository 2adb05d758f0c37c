# Plays the part of a BIG-IP for one iRule, whose file is the argument. Requests come by standard input, a
# command a line, every text in hexadecimal; answers go to standard output. A digest is asked for there.

# Tcl 8.4 had none of these, and iRules are Tcl 8.4.
foreach newer { apply chan dict lassign lmap lrepeat lreverse lsearch tailcall throw try zlib } { rename $newer "" }
# iRules have none of these.
foreach denied { cd exec exit file glob load open package pwd socket vwait } { rename $denied "" }
fconfigure stdin -encoding iso8859-1
fconfigure stdout -encoding iso8859-1 -buffering line

proc unhex { text } { return [binary format H* $text] }
proc hex { text } { binary scan $text H* out; return $out }

namespace eval static {}
namespace eval HTTP {}
namespace eval CRYPTO {}

# --- what the rule declares

array set bodies {}
array set priorities {}
proc when { event args } {
    global bodies priorities
    set priorities($event) 500
    if { [llength $args] == 3 && [lindex $args 0] eq "priority" } {
        set priorities($event) [lindex $args 1]
        set body [lindex $args 2]
    } elseif { [llength $args] == 1 } {
        set body [lindex $args 0]
    } else {
        error "when $event: cannot read [llength $args] arguments"
    }
    if { [info exists bodies($event)] } { error "$event stands twice" }
    set bodies($event) $body
}

# A connection's variables live as long as the connection, over all of its events: here, as globals.
proc fire { event } {
    global bodies steps
    set steps 0
    set code [catch { uplevel #0 $bodies($event) } problem]
    if { $code != 0 && $code != 2 } { puts "error [hex "$event: $problem"]" }
}

proc call { name args } { return [uplevel 1 [linsert $args 0 $name]] }

# --- what the rule asks

set request(lines) {}
set broken ""

proc HTTP::method {} { return $::request(method) }
proc HTTP::uri {} { return $::request(target) }

proc HTTP::header { command args } {
    if { $::broken eq $command } { error "HTTP::header $command" }
    set name [string tolower [lindex $args 0]]
    set names {}
    set values {}
    foreach line $::request(lines) {
        lappend names [lindex $line 0]
        if { [string tolower [lindex $line 0]] eq $name } { lappend values [lindex $line 1] }
    }
    switch -exact -- $command {
        names { return $names }
        exists { return [expr { [llength $values] > 0 }] }
        value { return [lindex $values end] }
        values {
            if { [llength $values] == 1 } { return [lindex $values 0] }
            return $values
        }
        insert { lappend ::request(lines) $args }
        remove {
            # The documentation does not say whether one copy goes or all of them: the rule must do with one.
            for { set i [expr { [llength $::request(lines)] - 1 }] } { $i >= 0 } { incr i -1 } {
                if { [string tolower [lindex [lindex $::request(lines) $i] 0]] eq $name } {
                    set ::request(lines) [lreplace $::request(lines) $i $i]
                    return
                }
            }
        }
        default { error "HTTP::header $command: not played" }
    }
}

proc class { command item group } {
    if { $::broken eq "class" } { error "no such data group" }
    if { $command ne "lookup" || $group ne "/Common/tollgate_witness_keys" || $item ne "signing" } {
        error "class $command $item $group: not played"
    }
    return $::secret
}

proc CRYPTO::sign { args } {
    if { $::broken eq "sign" } { error "no engine" }
    if { [llength $args] != 5 || [lindex $args 0] ne "-alg" || [lindex $args 1] ne "hmac-sha256" || [lindex $args 2] ne "-key" } {
        error "CRYPTO::sign: cannot read the arguments"
    }
    puts "sign [hex [lindex $args 3]] [hex [lindex $args 4]]"
    return [unhex [gets stdin]]
}

proc b64encode { data } { return [binary encode base64 $data] }

rename clock ""
proc clock { command } {
    if { $command ne "seconds" } { error "clock $command: not played" }
    return $::time
}

# How many commands the rule's last event took: its own and its procedures', each of a BIG-IP's for one.
set steps 0
set inside 0
proc step { args } { if { !$::inside } { incr ::steps } }
proc enters { args } { incr ::inside }
proc leaves { args } { incr ::inside -1 }
trace add execution fire enterstep step
foreach command { HTTP::header HTTP::method HTTP::uri class CRYPTO::sign b64encode clock } {
    trace add execution $command enter enters
    trace add execution $command leave leaves
}

# --- what the test says

source [lindex $argv 0]
fire RULE_INIT
rename source ""
while { [gets stdin line] >= 0 } {
    switch -exact -- [lindex $line 0] {
        clock { set time [lindex $line 1] }
        secret { set secret [unhex [lindex $line 1]] }
        break { set broken [lindex $line 1] }
        request {
            set request(method) [unhex [lindex $line 1]]
            set request(target) [unhex [lindex $line 2]]
            set request(lines) {}
        }
        clear { set request(lines) {} }
        line { lappend request(lines) [list [unhex [lindex $line 1]] [unhex [lindex $line 2]]] }
        fire {
            fire [lindex $line 1]
            puts done
        }
        steps {
            puts "line [hex $steps] "
            puts done
        }
        priority {
            puts "line [hex $priorities([lindex $line 1])] "
            puts done
        }
        show {
            foreach line $request(lines) { puts "line [hex [lindex $line 0]] [hex [lindex $line 1]]" }
            puts done
        }
    }
}
