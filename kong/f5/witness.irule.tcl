# The witness: tells the gateway, in one signed header, which header names the first iRule of this BIG-IP saw
# with a request and which go on. README.md, beside this file, specifies what it writes.
#
# No name, value or key is logged, and nothing that fails here costs a request: it goes on without a witness.
# Tcl 8.4, as iRules have it; procedures need BIG-IP 11.4.

when RULE_INIT {
    set static::tollgate_witness_header "X-F5-Witness"
    # A data group of strings. Its record "signing" holds the key, of 32 bytes or more.
    set static::tollgate_witness_keys "/Common/tollgate_witness_keys"
    # How long the header may be, in bytes. Above that it says that it has no room.
    set static::tollgate_witness_room 4096
    # How long the request line and all headers may be together with it. Above that there is none: nginx, in
    # Kong, has four buffers of 8 KiB for them, puts no line into two, and so takes 16 KiB however they fall.
    set static::tollgate_witness_room_of_all 16384
    # What stands for itself in a list. Capitals become small, the rest is written in hexadecimal. Both are
    # maps, since a loop over a name's bytes would be dear, and string tolower knows more letters than ASCII's.
    set static::tollgate_witness_plain "abcdefghijklmnopqrstuvwxyz0123456789-._"
    set static::tollgate_witness_lower [list]
    set static::tollgate_witness_escapes [list]
    for { set code 0 } { $code < 256 } { incr code } {
        set char [format %c $code]
        if { $code >= 65 && $code <= 90 } {
            lappend static::tollgate_witness_lower $char [format %c [expr { $code + 32 }]]
        } elseif { [string first $char $static::tollgate_witness_plain] < 0 } {
            lappend static::tollgate_witness_escapes $char [format "%%%02X" $code]
        }
    }
}

# Takes every copy of the witness off the request.
proc tollgate_witness_clear {} {
    for { set i 0 } { $i < 256 && [HTTP::header exists $static::tollgate_witness_header] } { incr i } {
        HTTP::header remove $static::tollgate_witness_header
    }
}

# Returns the list of the request's header names, and how many bytes its header lines have. The names are
# measured first, since a client chooses them: of more than a witness may have the list is "*", and where even
# the names alone leave no room for a witness, nothing else is looked at.
proc tollgate_witness_names {} {
    set names [HTTP::header names]
    set bytes [string length [join $names ","]]
    if { $bytes > $static::tollgate_witness_room_of_all } { return [list "*" $bytes] }
    set room [expr { $bytes <= $static::tollgate_witness_room }]
    set order [list]
    set bytes 0
    foreach name $names {
        incr bytes [expr { [string length $name] + 4 }]
        set name [string map $static::tollgate_witness_lower $name]
        if { [info exists lines($name)] } {
            incr lines($name)
        } else {
            set lines($name) 1
            lappend order $name
        }
    }
    set items [list]
    foreach name $order {
        set item $name
        if { $room && [string trim $name $static::tollgate_witness_plain] ne "" } {
            set item [string map $static::tollgate_witness_escapes $name]
        }
        # Of a header with one line, HTTP::header values returns the value itself, not a list of one.
        if { $lines($name) > 1 } {
            append item "*" $lines($name)
            set values [HTTP::header values $name]
        } else {
            set values [list [HTTP::header value $name]]
        }
        set blank ""
        foreach value $values {
            if { [string trim $value " \t"] eq "" } { set blank "!" }
            incr bytes [string length $value]
        }
        lappend items "$item$blank"
    }
    if { $room } {
        return [list [join $items ","] $bytes]
    }
    return [list "*" $bytes]
}

# Returns the request's path as it stands on the request line, without an authority before it (RFC 9112,
# section 3.2.2) and without the query.
proc tollgate_witness_path {} {
    set path [HTTP::uri]
    set query [string first "?" $path]
    if { $query >= 0 } { set path [string range $path 0 [expr { $query - 1 }]] }
    set authority [string first "://" $path]
    if { [string index $path 0] eq "/" || $authority < 0 } { return $path }
    set path [string range $path [expr { $authority + 3 }] end]
    set slash [string first "/" $path]
    if { $slash < 0 } { return "/" }
    return [string range $path $slash end]
}

# Returns the witness of a request that came with these names, or nothing where there can be none.
proc tollgate_witness_value { received } {
    set key [class lookup "signing" $static::tollgate_witness_keys]
    set target "[HTTP::method]\n[HTTP::header value Host]\n[call tollgate_witness_path]"
    # Three lines and no more: another line feed would make the signed text ambiguous.
    if { [string length $key] < 32 || [llength [split $target "\n"]] != 3 } { return "" }
    set names [call tollgate_witness_names]
    set sent [lindex $names 0]
    set time [clock seconds]
    # Between the lists stands ";s=", and behind them ";d=" and a digest of 43 characters.
    set head "v1;t=$time;r="
    set length [expr { [string length $head] + [string length $received] + [string length $sent] + 49 }]
    if { $received eq "*" || $sent eq "*" || $length > $static::tollgate_witness_room } {
        set received "*"
        set sent "*"
        set length [expr { [string length $head] + 51 }]
    }
    # The request line has two spaces, HTTP/1.1 and a line end besides, a header line a colon, a space and a line end.
    set all [expr { [string length [HTTP::method]] + [string length [HTTP::uri]] + 12 + [lindex $names 1]
        + [string length $static::tollgate_witness_header] + $length + 4 }]
    if { $all > $static::tollgate_witness_room_of_all } { return "" }
    set digest [b64encode [CRYPTO::sign -alg hmac-sha256 -key $key \
        "tollgate-witness-v1\n$time\n$target\n$received\n$sent"]]
    return "$head$received;s=$sent;d=[string map [list + - / _ = ""] $digest]"
}

# Before every other rule: a client's own witness goes, then what came is noted.
when HTTP_REQUEST priority 1 {
    unset -nocomplain tollgate_witness_received
    catch {
        call tollgate_witness_clear
        set tollgate_witness_received [lindex [call tollgate_witness_names] 0]
    }
}

# After every other rule and module: what goes to the gateway is noted, signed, and sent along. The event may
# come again for the same request: what was noted stays as it is.
when HTTP_REQUEST_RELEASE priority 1000 {
    catch {
        call tollgate_witness_clear
        if { [info exists tollgate_witness_received] } {
            set tollgate_witness_value [call tollgate_witness_value $tollgate_witness_received]
            if { $tollgate_witness_value ne "" } {
                HTTP::header insert $static::tollgate_witness_header $tollgate_witness_value
            }
        }
    }
}
