# GDB on the native replay of guests/paste-bin's refine; `cargo xtask debuggers` checks what is said.
set pagination off
set confirm off
break paste_bin::refine
run
next
next
printf "text of %d octets\n", text.len
backtrace 1
continue
