std = "ngx_lua+busted"
max_line_length = 120
