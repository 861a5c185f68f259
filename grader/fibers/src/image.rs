//! The memory of the executable that is the program's: its statics and thread-locals.

/// The memory of the executable that belongs to the program: its statics and thread-locals.
#[derive(Default, Clone)]
pub struct Image {
    /// Address and first contents of each writable part.
    statics: Vec<(usize, Vec<u8>)>,
    /// The thread-local block of the one real thread: address, length.
    pub local: (usize, usize),
    /// What a new thread finds in it.
    initial: Vec<u8>,
}

impl Image {
    /// Remembers the statics in `ranges`, which are relative to `base`.
    pub fn capture(base: usize, ranges: &[(u64, u64)]) -> Image {
        let mut image = Image::default();
        for &(start, length) in ranges {
            let start = base + start as usize;
            // SAFETY: a part of the executable's writable sections.
            let bytes = unsafe { std::slice::from_raw_parts(start as *const u8, length as usize) };
            image.statics.push((start, bytes.to_vec()));
        }
        // SAFETY: the callback fills in what it is given.
        unsafe { libc::dl_iterate_phdr(Some(find_local), std::ptr::from_mut(&mut image).cast()) };
        image
    }

    /// Puts the statics back.
    pub fn restore_statics(&self) {
        for (address, bytes) in &self.statics {
            // SAFETY: where they were read; no thread of the program exists now.
            unsafe {
                std::ptr::copy_nonoverlapping(bytes.as_ptr(), *address as *mut u8, bytes.len())
            };
        }
    }

    /// What a new thread finds in its thread-local memory.
    pub fn fresh_local(&self) -> Box<[u8]> {
        self.initial.clone().into_boxed_slice()
    }

    /// Exchanges the thread-local memory of the process with `other`.
    pub fn swap_local(&self, other: &mut [u8]) {
        // SAFETY: both are of the block's length, and nothing refers to it just now.
        unsafe {
            std::ptr::swap_nonoverlapping(self.local.0 as *mut u8, other.as_mut_ptr(), other.len())
        };
    }
}

unsafe extern "C" fn find_local(
    info: *mut libc::dl_phdr_info,
    _: usize,
    data: *mut libc::c_void,
) -> i32 {
    // SAFETY: as dl_iterate_phdr promises; the first object is the executable.
    unsafe {
        let (info, image) = (&*info, &mut *data.cast::<Image>());
        for header in std::slice::from_raw_parts(info.dlpi_phdr, info.dlpi_phnum as usize) {
            if header.p_type == libc::PT_TLS && !info.dlpi_tls_data.is_null() {
                let first = (info.dlpi_addr + header.p_vaddr) as *const u8;
                image.local = (info.dlpi_tls_data as usize, header.p_memsz as usize);
                image.initial =
                    std::slice::from_raw_parts(first, header.p_filesz as usize).to_vec();
                image.initial.resize(header.p_memsz as usize, 0);
            }
        }
    }
    1
}

/// Where the executable starts.
pub fn base() -> usize {
    unsafe extern "C" {
        #[link_name = "__executable_start"]
        static START: u8;
    }
    &raw const START as usize
}
