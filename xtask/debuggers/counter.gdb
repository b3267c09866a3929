# GDB on the accumulation of guests/asm/counter; `cargo xtask debuggers` puts the port in and checks
# what is said.
set pagination off
set confirm off
set architecture riscv:rv64
target remote :PORT
break *(0x100000000 + BREAK)
continue
printf "key %s\n", $a0
stepi
printf "behind %d\n", $pc - 0x100000000
reverse-stepi
printf "again %d, gas %d\n", $pc - 0x100000000, $gas
delete
watch *(char *)VALUE
reverse-continue
monitor where
info registers sp
disconnect
