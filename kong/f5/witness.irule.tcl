# The witness: tells the gateway, in one signed header, which header names this BIG-IP received with a
# request and which it sends on. README.md, beside this file, specifies what it writes.
#
# No name, value or key is logged, and nothing that fails here costs a request: it goes on without a witness.
# Tcl 8.4, as iRules have it; procedures need BIG-IP 11.4.

when RULE_INIT {
    set static::tollgate_witness_header "X-F5-Witness"
    # A data group of strings. Its record "signing" holds the key, of 32 bytes or more.
    set static::tollgate_witness_keys "/Common/tollgate_witness_keys"
    # How long the header may be, in bytes, and all headers together with it. Above that the witness says
    # that it has no room: nginx, in Kong, has 32 KiB for all of them and the request line.
    set static::tollgate_witness_room 4096
    set static::tollgate_witness_room_of_all 24576
    # What stands for itself in a list. The rest of a name is written in hexadecimal.
    set static::tollgate_witness_plain "abcdefghijklmnopqrstuvwxyz0123456789-._"
}

# Takes every copy of the witness off the request.
proc tollgate_witness_clear {} {
    for { set i 0 } { $i < 256 && [HTTP::header exists $static::tollgate_witness_header] } { incr i } {
        HTTP::header remove $static::tollgate_witness_header
    }
}

# Returns a name as a list has it.
proc tollgate_witness_escape { name } {
    if { [string trim $name $static::tollgate_witness_plain] eq "" } { return $name }
    set escaped ""
    foreach char [split $name ""] {
        if { [string first $char $static::tollgate_witness_plain] >= 0 } {
            append escaped $char
        } else {
            scan $char %c code
            append escaped [format "%%%02X" [expr { $code & 255 }]]
        }
    }
    return $escaped
}

# Returns the list of the request's header names, and how many bytes its headers have.
proc tollgate_witness_names {} {
    set order [list]
    foreach name [HTTP::header names] {
        set name [string tolower $name]
        if { [info exists lines($name)] } {
            incr lines($name)
        } else {
            set lines($name) 1
            lappend order $name
        }
    }
    set items [list]
    set bytes 0
    foreach name $order {
        # Of a header with one line, HTTP::header values returns the value itself, not a list of one.
        set item [call tollgate_witness_escape $name]
        if { $lines($name) > 1 } {
            append item "*" $lines($name)
            set values [HTTP::header values $name]
        } else {
            set values [list [HTTP::header value $name]]
        }
        set blank ""
        foreach value $values {
            if { [string trim $value " \t"] eq "" } { set blank "!" }
            incr bytes [expr { [string length $name] + [string length $value] + 4 }]
        }
        lappend items "$item$blank"
    }
    return [list [join $items ","] $bytes]
}

# Before every other rule: a client's own witness goes, then what the client sent is noted.
when HTTP_REQUEST priority 1 {
    unset -nocomplain tollgate_witness_received
    catch {
        call tollgate_witness_clear
        set tollgate_witness_received [lindex [call tollgate_witness_names] 0]
    }
}

# After every other rule and module: what goes to the gateway is noted, signed, and sent along.
when HTTP_REQUEST_RELEASE priority 1000 {
    catch {
        call tollgate_witness_clear
        set tollgate_witness_key [class lookup "signing" $static::tollgate_witness_keys]
        set tollgate_witness_target "[HTTP::method]\n[HTTP::header value Host]\n[HTTP::path]"
        # Three lines and no more: another line feed would make the signed text ambiguous.
        if { [info exists tollgate_witness_received] && [string length $tollgate_witness_key] >= 32
             && [llength [split $tollgate_witness_target "\n"]] == 3 } {
            set tollgate_witness_names [call tollgate_witness_names]
            set tollgate_witness_sent [lindex $tollgate_witness_names 0]
            set tollgate_witness_time [clock seconds]
            set tollgate_witness_head "v1;t=$tollgate_witness_time;r="
            # A digest has 43 characters, and ";s=" and ";d=" 6.
            set tollgate_witness_length [expr { [string length $tollgate_witness_head] + 49
                + [string length $tollgate_witness_received] + [string length $tollgate_witness_sent] }]
            if { $tollgate_witness_length > $static::tollgate_witness_room
                 || [lindex $tollgate_witness_names 1] + $tollgate_witness_length > $static::tollgate_witness_room_of_all } {
                set tollgate_witness_received "*"
                set tollgate_witness_sent "*"
            }
            set tollgate_witness_digest [b64encode [CRYPTO::sign -alg hmac-sha256 -key $tollgate_witness_key \
                "tollgate-witness-v1\n$tollgate_witness_time\n$tollgate_witness_target\n$tollgate_witness_received\n$tollgate_witness_sent"]]
            append tollgate_witness_head $tollgate_witness_received ";s=" $tollgate_witness_sent \
                ";d=" [string map [list + - / _ = ""] $tollgate_witness_digest]
            HTTP::header insert $static::tollgate_witness_header $tollgate_witness_head
        }
    }
}
