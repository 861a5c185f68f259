//! What instrumented code calls: the functions of ThreadSanitizer's interface.
//!
//! Each entry adds the address that it returns to and jumps on, so that the engine knows the place
//! in the program. The entries are symbols only where the feature of the same name is on: the
//! library itself can be linked without them.

use crate::atomics;
use crate::memory::{Ordering, access, read_memory, write_memory};
use crate::runtime::{active, checked};
use std::arch::naked_asm;

extern "C-unwind" fn plain(address: usize, size: usize, flags: usize, code: usize) {
    if checked() {
        atomics::plain(address, size, flags as u8, code);
    }
}

macro_rules! plain {
    ($($name:ident $size:literal $flags:literal;)*) => { $(
        #[doc(hidden)]
        #[unsafe(naked)]
        #[unsafe(no_mangle)]
        pub extern "C-unwind" fn $name(address: usize) {
            naked_asm!(
                concat!("mov esi, ", $size), concat!("mov edx, ", $flags), "mov rcx, [rsp]", "jmp {}",
                sym plain
            )
        }
    )* };
}

plain! {
    __tsan_read1 1 0; __tsan_read2 2 0; __tsan_read4 4 0; __tsan_read8 8 0; __tsan_read16 16 0;
    __tsan_write1 1 1; __tsan_write2 2 1; __tsan_write4 4 1; __tsan_write8 8 1; __tsan_write16 16 1;
    __tsan_read_write1 1 1; __tsan_read_write2 2 1; __tsan_read_write4 4 1; __tsan_read_write8 8 1; __tsan_read_write16 16 1;
    __tsan_unaligned_read2 2 0; __tsan_unaligned_read4 4 0; __tsan_unaligned_read8 8 0; __tsan_unaligned_read16 16 0;
    __tsan_unaligned_write2 2 1; __tsan_unaligned_write4 4 1; __tsan_unaligned_write8 8 1; __tsan_unaligned_write16 16 1;
    __tsan_unaligned_read_write2 2 1; __tsan_unaligned_read_write4 4 1; __tsan_unaligned_read_write8 8 1; __tsan_unaligned_read_write16 16 1;
    __tsan_volatile_read1 1 0; __tsan_volatile_read2 2 0; __tsan_volatile_read4 4 0; __tsan_volatile_read8 8 0; __tsan_volatile_read16 16 0;
    __tsan_volatile_write1 1 1; __tsan_volatile_write2 2 1; __tsan_volatile_write4 4 1; __tsan_volatile_write8 8 1; __tsan_volatile_write16 16 1;
    __tsan_unaligned_volatile_read2 2 0; __tsan_unaligned_volatile_read4 4 0; __tsan_unaligned_volatile_read8 8 0; __tsan_unaligned_volatile_read16 16 0;
    __tsan_unaligned_volatile_write2 2 1; __tsan_unaligned_volatile_write4 4 1; __tsan_unaligned_volatile_write8 8 1; __tsan_unaligned_volatile_write16 16 1;
    __tsan_vptr_read 8 0;
}

extern "C-unwind" fn copy(to: *mut u8, from: *const u8, length: usize, code: usize) -> *mut u8 {
    if checked() && length > 0 {
        atomics::plain(from as usize, length, 0, code);
        atomics::plain(to as usize, length, access::WRITE, code);
    }
    // SAFETY: the program's.
    unsafe { std::ptr::copy(from, to, length) };
    to
}

extern "C-unwind" fn set(to: *mut u8, byte: i32, length: usize, code: usize) -> *mut u8 {
    if checked() && length > 0 {
        atomics::plain(to as usize, length, access::WRITE, code);
    }
    // SAFETY: the program's.
    unsafe { std::ptr::write_bytes(to, byte as u8, length) };
    to
}

extern "C-unwind" fn enter(caller: usize) {
    if active() {
        atomics::enter_call(caller);
    }
}

extern "C-unwind" fn leave() {
    if active() {
        atomics::leave_call();
    }
}

extern "C-unwind" fn fence(order: u32, code: usize) {
    if checked() {
        atomics::fence(Ordering(order as u8), code);
    }
}

extern "C-unwind" fn load(address: usize, order: u32, size: usize, code: usize) -> u64 {
    if checked() {
        return atomics::load(address, size as u8, Ordering(order as u8), code);
    }
    // SAFETY: the program's.
    unsafe { read_memory(address, size as u8) }
}

extern "C-unwind" fn store(address: usize, value: u64, order: u32, size: usize, code: usize) {
    let value = value & mask(size);
    if checked() {
        return atomics::store(address, size as u8, value, Ordering(order as u8), code);
    }
    // SAFETY: the program's.
    unsafe { write_memory(address, size as u8, value) };
}

/// The operations, by the number that the entries pass in the second byte.
const NAMES: [&str; 7] = [
    "swap",
    "fetch_add",
    "fetch_sub",
    "fetch_and",
    "fetch_or",
    "fetch_xor",
    "fetch_nand",
];

extern "C-unwind" fn modify(
    address: usize,
    value: u64,
    order: u32,
    size_and_operation: usize,
    code: usize,
) -> u64 {
    let (size, operation) = (size_and_operation & 0xff, size_and_operation >> 8);
    let new = |old: u64| match operation {
        0 => value,
        1 => old.wrapping_add(value),
        2 => old.wrapping_sub(value),
        3 => old & value,
        4 => old | value,
        5 => old ^ value,
        _ => !(old & value),
    };
    change(
        (address, size),
        (order, order),
        NAMES[operation.min(6)],
        code,
        |old| Some(new(old) & mask(size)),
    )
}

extern "C-unwind" fn exchange<const SIZE: usize>(
    address: usize,
    expected: u64,
    new: u64,
    order: u32,
    failure: u32,
    code: usize,
) -> u64 {
    let (expected, new) = (expected & mask(SIZE), new & mask(SIZE));
    change(
        (address, SIZE),
        (order, failure),
        "compare_exchange",
        code,
        |old| (old == expected).then_some(new),
    )
}

fn change(
    (address, size): (usize, usize),
    (order, failure): (u32, u32),
    name: &'static str,
    code: usize,
    new: impl FnOnce(u64) -> Option<u64>,
) -> u64 {
    if checked() {
        let orders = (Ordering(order as u8), Ordering(failure as u8));
        return atomics::modify((address, size as u8), orders, name, code, new);
    }
    // SAFETY: the program's.
    unsafe {
        let old = read_memory(address, size as u8);
        if let Some(new) = new(old) {
            write_memory(address, size as u8, new);
        }
        old
    }
}

fn mask(size: usize) -> u64 {
    if size == 8 {
        u64::MAX
    } else {
        (1 << (size * 8)) - 1
    }
}

macro_rules! entries {
    ($($name:ident $(, $move:expr)*; $target:path;)*) => { $(
        #[doc(hidden)]
        #[unsafe(naked)]
        #[unsafe(no_mangle)]
        pub extern "C-unwind" fn $name() {
            naked_asm!($($move,)* "jmp {}", sym $target)
        }
    )* };
}

macro_rules! atomics {
    ($($size:literal: $load:ident $store:ident $swap:ident $add:ident $sub:ident $and:ident $or:ident $xor:ident $nand:ident $exchange:ident;)*) => {
        entries! { $(
            $load, concat!("mov edx, ", $size), "mov rcx, [rsp]"; load;
            $store, concat!("mov ecx, ", $size), "mov r8, [rsp]"; store;
            $swap, concat!("mov ecx, ", $size), "mov r8, [rsp]"; modify;
            $add, concat!("mov ecx, 0x100 + ", $size), "mov r8, [rsp]"; modify;
            $sub, concat!("mov ecx, 0x200 + ", $size), "mov r8, [rsp]"; modify;
            $and, concat!("mov ecx, 0x300 + ", $size), "mov r8, [rsp]"; modify;
            $or, concat!("mov ecx, 0x400 + ", $size), "mov r8, [rsp]"; modify;
            $xor, concat!("mov ecx, 0x500 + ", $size), "mov r8, [rsp]"; modify;
            $nand, concat!("mov ecx, 0x600 + ", $size), "mov r8, [rsp]"; modify;
            $exchange, "mov r9, [rsp]"; exchange::<$size>;
        )* }
    };
}

atomics! {
    1: __tsan_atomic8_load __tsan_atomic8_store __tsan_atomic8_exchange __tsan_atomic8_fetch_add __tsan_atomic8_fetch_sub __tsan_atomic8_fetch_and __tsan_atomic8_fetch_or __tsan_atomic8_fetch_xor __tsan_atomic8_fetch_nand __tsan_atomic8_compare_exchange_val;
    2: __tsan_atomic16_load __tsan_atomic16_store __tsan_atomic16_exchange __tsan_atomic16_fetch_add __tsan_atomic16_fetch_sub __tsan_atomic16_fetch_and __tsan_atomic16_fetch_or __tsan_atomic16_fetch_xor __tsan_atomic16_fetch_nand __tsan_atomic16_compare_exchange_val;
    4: __tsan_atomic32_load __tsan_atomic32_store __tsan_atomic32_exchange __tsan_atomic32_fetch_add __tsan_atomic32_fetch_sub __tsan_atomic32_fetch_and __tsan_atomic32_fetch_or __tsan_atomic32_fetch_xor __tsan_atomic32_fetch_nand __tsan_atomic32_compare_exchange_val;
    8: __tsan_atomic64_load __tsan_atomic64_store __tsan_atomic64_exchange __tsan_atomic64_fetch_add __tsan_atomic64_fetch_sub __tsan_atomic64_fetch_and __tsan_atomic64_fetch_or __tsan_atomic64_fetch_xor __tsan_atomic64_fetch_nand __tsan_atomic64_compare_exchange_val;
}

entries! {
    __tsan_atomic_thread_fence, "mov rsi, [rsp]"; fence;
    __tsan_memcpy, "mov rcx, [rsp]"; copy;
    __tsan_memmove, "mov rcx, [rsp]"; copy;
    __tsan_memset, "mov rcx, [rsp]"; set;
    __tsan_func_entry; enter;
    __tsan_func_exit; leave;
}

extern "C-unwind" fn nothing() {}

entries! {
    __tsan_init; nothing;
    __tsan_vptr_update; nothing;
    __tsan_atomic_signal_fence; nothing;
    __tsan_ignore_thread_begin; nothing;
    __tsan_ignore_thread_end; nothing;
}
