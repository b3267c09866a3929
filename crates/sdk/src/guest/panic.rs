//! Panics: tells the host place and message, then traps.

use core::arch::asm;
use core::panic::PanicInfo;

#[cfg(not(jambox_panics_trap))]
mod message {
    use core::fmt::{self, Write};

    /// Text cut to a fixed length: a panic may not need the heap.
    pub struct Text {
        octets: [u8; 512],
        length: usize,
    }

    impl Text {
        pub const EMPTY: Self = Self { octets: [0; 512], length: 0 };

        pub fn octets(&self) -> &[u8] {
            self.octets.get(..self.length).unwrap_or(&[])
        }
    }

    impl Write for Text {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            let room = self.octets.get_mut(self.length..).unwrap_or(&mut []);
            for (to, from) in room.iter_mut().zip(text.bytes()) {
                *to = from;
                self.length += 1;
            }
            Ok(())
        }
    }
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    #[cfg(not(jambox_panics_trap))]
    {
        use core::fmt::Write;
        let mut text = message::Text::EMPTY;
        let _ = match info.location() {
            Some(place) => write!(text, "panicked at {}:{}: ", place.file(), place.line()),
            None => write!(text, "panicked: "),
        };
        let _ = write!(text, "{}", info.message());
        crate::log::send(crate::LogLevel::Error, "", text.octets());
    }
    #[cfg(jambox_panics_trap)]
    let _ = info;
    // SAFETY: the instruction ends the program.
    unsafe { asm!("unimp", options(noreturn, nomem)) }
}
