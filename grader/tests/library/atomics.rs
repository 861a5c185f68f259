#![allow(deprecated)]
use std::panic::RefUnwindSafe;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};
use std::sync::atomic::{self, *};

fn shared<T: Send + Sync + RefUnwindSafe + Default + std::fmt::Debug>() {}

macro_rules! integers {
    ($($name:ident $value:ty;)*) => { $( {
        shared::<$name>();
        const START: $name = $name::new(1);
        let mut a = START;
        *a.get_mut() = 5;
        let at: *mut $value = a.as_ptr();
        assert_eq!(unsafe { $name::from_ptr(at) }.load(Acquire), 5);
        a.store(6, Release);
        assert_eq!(a.swap(7, AcqRel), 6);
        assert_eq!(a.compare_and_swap(7, 8, SeqCst), 7);
        assert_eq!(a.compare_exchange(8, 9, SeqCst, Relaxed), Ok(8));
        while a.compare_exchange_weak(9, 10, AcqRel, Acquire).is_err() {}
        assert_eq!(a.fetch_add(2, Relaxed), 10);
        assert_eq!(a.fetch_sub(1, Relaxed), 12);
        assert_eq!(a.fetch_and(3, Relaxed), 11);
        assert_eq!(a.fetch_nand(1, Relaxed), 3);
        a.store(4, Relaxed);
        assert_eq!(a.fetch_or(3, Relaxed), 4);
        assert_eq!(a.fetch_xor(1, Relaxed), 7);
        assert_eq!(a.fetch_max(9, Relaxed), 6);
        assert_eq!(a.fetch_min(2, Relaxed), 9);
        assert_eq!(a.fetch_update(SeqCst, Relaxed, |v| (v == 2).then_some(3)), Ok(2));
        assert_eq!(a.try_update(SeqCst, Relaxed, |v| (v == 2).then_some(3)), Err(3));
        assert_eq!(a.update(SeqCst, Relaxed, |v| v + 1), 3);
        assert_eq!(format!("{a:?}"), "4");
        assert_eq!($name::from(3).into_inner(), 3);
    } )* };
}

#[test]
fn integers() {
    integers! {
        AtomicI8 i8; AtomicU8 u8; AtomicI16 i16; AtomicU16 u16; AtomicI32 i32; AtomicU32 u32;
        AtomicI64 i64; AtomicU64 u64; AtomicIsize isize; AtomicUsize usize;
    }
    let max = AtomicU8::new(255);
    assert_eq!((max.fetch_add(1, SeqCst), max.load(SeqCst)), (255, 0));
    let signed = AtomicI8::new(-1);
    assert_eq!((signed.fetch_max(-2, SeqCst), signed.fetch_min(-2, SeqCst), signed.load(SeqCst)), (-1, -1, -2));
}

#[test]
fn truth_values() {
    shared::<AtomicBool>();
    let mut b = AtomicBool::new(false);
    *b.get_mut() = true;
    assert!(unsafe { AtomicBool::from_ptr(b.as_ptr()) }.load(SeqCst));
    b.store(false, SeqCst);
    assert!(!b.swap(true, SeqCst));
    assert!(b.compare_and_swap(true, false, SeqCst));
    assert_eq!(b.compare_exchange(true, false, SeqCst, SeqCst), Err(false));
    while b.compare_exchange_weak(false, true, SeqCst, SeqCst).is_err() {}
    assert!(b.fetch_and(true, SeqCst));
    assert!(b.fetch_nand(true, SeqCst));
    assert!(!b.fetch_or(true, SeqCst));
    assert!(b.fetch_xor(true, SeqCst));
    assert!(!b.fetch_not(SeqCst));
    assert_eq!(b.fetch_update(SeqCst, SeqCst, |v| Some(!v)), Ok(true));
    assert_eq!(b.try_update(SeqCst, SeqCst, |_| None), Err(false));
    assert!(!b.update(SeqCst, SeqCst, |v| !v));
    assert_eq!(format!("{b:?} {:?}", AtomicBool::from(false).into_inner()), "true false");
}

#[test]
fn pointers() {
    shared::<AtomicPtr<u32>>();
    let mut values = [1u32, 2, 3];
    let first = values.as_mut_ptr();
    let mut p = AtomicPtr::new(first);
    *p.get_mut() = first;
    assert_eq!(unsafe { AtomicPtr::from_ptr(p.as_ptr()) }.load(SeqCst), first);
    assert_eq!(p.fetch_ptr_add(2, SeqCst), first);
    assert_eq!(unsafe { *p.load(SeqCst) }, 3);
    assert_eq!(p.fetch_ptr_sub(1, SeqCst), first.wrapping_add(2));
    assert_eq!(p.fetch_byte_add(4, SeqCst), first.wrapping_add(1));
    assert_eq!(p.fetch_byte_sub(8, SeqCst), first.wrapping_add(2));
    assert_eq!(p.fetch_or(1, SeqCst), first);
    assert_eq!(p.fetch_xor(3, SeqCst).addr() & 3, 1);
    assert_eq!(p.fetch_and(!3, SeqCst).addr() & 3, 2);
    assert_eq!(p.swap(first, SeqCst), first);
    assert_eq!(p.compare_and_swap(first, first, SeqCst), first);
    assert!(p.compare_exchange(first, std::ptr::null_mut(), SeqCst, SeqCst).is_ok());
    while p.compare_exchange_weak(std::ptr::null_mut(), first, SeqCst, SeqCst).is_err() {}
    assert!(p.fetch_update(SeqCst, SeqCst, |_| None).is_err());
    assert!(p.try_update(SeqCst, SeqCst, Some).is_ok());
    assert_eq!(p.update(SeqCst, SeqCst, |p| p), first);
    p.store(std::ptr::null_mut(), SeqCst);
    assert!(format!("{p:?} {p:p}").contains("0x0"));
    assert!(AtomicPtr::<u32>::default().into_inner().is_null());
    assert_eq!(AtomicPtr::from(first).into_inner(), first);
}

#[test]
fn fences_and_old_names() {
    atomic::fence(SeqCst);
    fence(Acquire);
    compiler_fence(SeqCst);
    spin_loop_hint();
    assert_eq!((ATOMIC_BOOL_INIT.load(SeqCst), ATOMIC_USIZE_INIT.load(SeqCst), ATOMIC_ISIZE_INIT.load(SeqCst)), (false, 0, 0));
}

#[test]
fn they_are_the_same_types_through_core() {
    fn add(a: &core::sync::atomic::AtomicU32) -> u32 {
        a.fetch_max(4, core::sync::atomic::Ordering::SeqCst)
    }
    let a = std::sync::atomic::AtomicU32::new(3);
    core::hint::spin_loop();
    assert_eq!((add(&a), ::core::sync::atomic::AtomicU32::load(&a, SeqCst)), (3, 4));
    extern crate core as c;
    c::sync::atomic::fence(c::sync::atomic::Ordering::SeqCst);
    extern crate alloc;
    let shared = alloc::sync::Arc::new(a);
    assert_eq!(alloc::sync::Arc::strong_count(&shared), 1);
}
