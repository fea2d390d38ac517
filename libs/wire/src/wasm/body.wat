;; Decompresses a snappy block and walks the WriteRequest that it holds, where both lie in this memory: the hot path of a gateway. And makes
;; such a block: the hot path of an agent. body-memory.ts and block-memory.ts say where things lie. `npm run wasm` makes body-wasm.ts of this file.
;;
;; Neither of the first two explains what is wrong. The decoder and the scanner in JavaScript look again and do.
(module
  ;; At most 18 MiB: what does not fit goes the way of JavaScript.
  (memory (export "memory") 1 288)

  ;; Writes the elements of a block, from $read to $end, to $out: 1 when they are exactly $length bytes, else 0.
  ;; The elements are described in snappy/elements.ts.
  ;;
  ;; Bytes go in words of 8 and 16, so up to 64 bytes behind the end of both are touched.
  (func (export "decode") (param $read i32) (param $end i32) (param $out i32) (param $length i32) (result i32)
    (local $written i32) (local $limit i32) (local $tag i32) (local $kind i32) (local $size i32) (local $offset i32)
    (local $from i32) (local $next i32)
    (local.set $written (local.get $out))
    (local.set $limit (i32.add (local.get $out) (local.get $length)))
    (block $refused
      (loop $elements
        (if (i32.ge_u (local.get $read) (local.get $end)) (then (return (i32.eq (local.get $written) (local.get $limit)))))
        (local.set $tag (i32.load8_u (local.get $read)))
        ;; 0 a literal, 1 to 3 a copy whose offset takes 1, 2 or 4 bytes
        (local.set $kind (i32.and (local.get $tag) (i32.const 3)))
        (local.set $size (i32.add (i32.shr_u (local.get $tag) (i32.const 2)) (i32.const 1)))
        (if (i32.eqz (local.get $kind))
          (then
            (local.set $read (i32.add (local.get $read) (i32.const 1)))
            (if (i32.gt_u (local.get $size) (i32.const 60))
              (then
                ;; From here on the tag is how many bytes the length takes: 1 to 4.
                (local.set $tag (i32.sub (local.get $size) (i32.const 60)))
                (local.set $size (i32.load (local.get $read)))
                (local.set $read (i32.add (local.get $read) (local.get $tag)))
                (br_if $refused (i32.gt_u (local.get $read) (local.get $end)))
                (if (i32.lt_u (local.get $tag) (i32.const 4))
                  (then (local.set $size (i32.and (local.get $size) (i32.sub (i32.shl (i32.const 1) (i32.shl (local.get $tag) (i32.const 3))) (i32.const 1))))))
                (local.set $size (i32.add (local.get $size) (i32.const 1)))
                ;; 2^32 bytes are 0 here.
                (br_if $refused (i32.eqz (local.get $size)))))
            (br_if $refused (i32.gt_u (local.get $size) (i32.sub (local.get $end) (local.get $read))))
            (br_if $refused (i32.gt_u (local.get $size) (i32.sub (local.get $limit) (local.get $written))))
            (v128.store (local.get $written) (v128.load (local.get $read)))
            (if (i32.gt_u (local.get $size) (i32.const 16))
              (then (memory.copy (local.get $written) (local.get $read) (local.get $size))))
            (local.set $read (i32.add (local.get $read) (local.get $size)))
            (local.set $written (i32.add (local.get $written) (local.get $size)))
            (br $elements)))
        (if (i32.eq (local.get $kind) (i32.const 2))
          (then
            (local.set $offset (i32.load16_u offset=1 (local.get $read)))
            (local.set $read (i32.add (local.get $read) (i32.const 3))))
          (else
            (if (i32.eq (local.get $kind) (i32.const 1))
              (then
                (local.set $size (i32.add (i32.const 4) (i32.and (i32.shr_u (local.get $tag) (i32.const 2)) (i32.const 7))))
                (local.set $offset (i32.or (i32.shl (i32.and (local.get $tag) (i32.const 0xe0)) (i32.const 3)) (i32.load8_u offset=1 (local.get $read))))
                (local.set $read (i32.add (local.get $read) (i32.const 2))))
              (else
                (local.set $offset (i32.load offset=1 (local.get $read)))
                (local.set $read (i32.add (local.get $read) (i32.const 5)))))))
        (br_if $refused (i32.gt_u (local.get $read) (local.get $end)))
        ;; An offset of 0 is 2^32-1 here: also before the start.
        (br_if $refused (i32.ge_u (i32.sub (local.get $offset) (i32.const 1)) (i32.sub (local.get $written) (local.get $out))))
        (br_if $refused (i32.gt_u (local.get $size) (i32.sub (local.get $limit) (local.get $written))))
        (local.set $from (i32.sub (local.get $written) (local.get $offset)))
        (local.set $next (i32.add (local.get $written) (local.get $size)))
        (if (i32.ge_u (local.get $offset) (i32.const 16))
          (then
            (v128.store (local.get $written) (v128.load (local.get $from)))
            (if (i32.gt_u (local.get $size) (i32.const 16))
              (then
                (v128.store offset=16 (local.get $written) (v128.load offset=16 (local.get $from)))
                (if (i32.gt_u (local.get $size) (i32.const 32))
                  (then
                    (v128.store offset=32 (local.get $written) (v128.load offset=32 (local.get $from)))
                    (v128.store offset=48 (local.get $written) (v128.load offset=48 (local.get $from))))))))
          (else
            ;; The pattern is shorter than a word: each round writes it once more, so that it stands there twice as long.
            (loop $widen
              (if (i32.lt_u (local.get $offset) (i32.const 8))
                (then
                  (i64.store (local.get $written) (i64.load (local.get $from)))
                  (local.set $written (i32.add (local.get $written) (local.get $offset)))
                  (local.set $offset (i32.shl (local.get $offset) (i32.const 1)))
                  (br $widen))))
            (loop $words
              (if (i32.lt_u (local.get $written) (local.get $next))
                (then
                  (i64.store (local.get $written) (i64.load (local.get $from)))
                  (local.set $written (i32.add (local.get $written) (i32.const 8)))
                  (local.set $from (i32.add (local.get $from) (i32.const 8)))
                  (br $words))))))
        (local.set $written (local.get $next))
        (br $elements)))
    (i32.const 0))
  ;; A literal of the bytes from $from to $to, written to $at: where it ends. Words of 16 are moved, so up to 15 bytes behind both ends are touched.
  (func $literal (param $from i32) (param $to i32) (param $at i32) (result i32)
    (local $rest i32) (local $bytes i32) (local $end i32)
    (local.set $rest (i32.sub (i32.sub (local.get $to) (local.get $from)) (i32.const 1)))
    (if (i32.lt_u (local.get $rest) (i32.const 60))
      (then
        (i32.store8 (local.get $at) (i32.shl (local.get $rest) (i32.const 2)))
        (local.set $at (i32.add (local.get $at) (i32.const 1))))
      (else
        ;; How many bytes the length takes.
        (local.set $bytes (i32.sub (i32.const 4) (i32.shr_u (i32.clz (local.get $rest)) (i32.const 3))))
        (i32.store8 (local.get $at) (i32.shl (i32.add (i32.const 59) (local.get $bytes)) (i32.const 2)))
        (i32.store offset=1 (local.get $at) (local.get $rest))
        (local.set $at (i32.add (i32.add (local.get $at) (local.get $bytes)) (i32.const 1)))))
    (local.set $end (i32.add (i32.add (local.get $at) (local.get $rest)) (i32.const 1)))
    (loop $words
      (v128.store (local.get $at) (v128.load (local.get $from)))
      (local.set $at (i32.add (local.get $at) (i32.const 16)))
      (local.set $from (i32.add (local.get $from) (i32.const 16)))
      (br_if $words (i32.lt_u (local.get $at) (local.get $end))))
    (local.get $end))

  ;; A copy of up to 64 bytes in the form with an offset of two bytes, written to $at: where it ends. Four bytes are touched.
  (func $copy (param $offset i32) (param $size i32) (param $at i32) (result i32)
    (i32.store (local.get $at)
      (i32.or
        (i32.shl (local.get $offset) (i32.const 8))
        (i32.sub (i32.shl (local.get $size) (i32.const 2)) (i32.const 2))))
    (i32.add (local.get $at) (i32.const 3)))

  ;; Writes the elements for the bytes from $start to $end to $out: where they end. They are those of snappy/compress.ts to the byte. At $table
  ;; there is room for 2^$bits addresses, and all of it lies before $start and is larger than 64 KiB: an empty place is then too far away.
  (func (export "encode") (param $start i32) (param $end i32) (param $out i32) (param $table i32) (param $bits i32) (result i32)
    (local $shift i32) (local $last i32) (local $literal i32) (local $position i32) (local $misses i32) (local $word i32)
    (local $place i32) (local $candidate i32) (local $size i32) (local $most i32) (local $offset i32)
    (memory.fill (local.get $table) (i32.const 0) (i32.shl (i32.const 4) (local.get $bits)))
    (local.set $shift (i32.sub (i32.const 32) (local.get $bits)))
    (local.set $last (i32.sub (local.get $end) (i32.const 15)))
    (local.set $literal (local.get $start))
    (local.set $position (i32.add (local.get $start) (i32.const 1)))
    (local.set $misses (i32.const 32))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $position) (local.get $last)))
        (local.set $word (i32.load (local.get $position)))
        (local.set $place (i32.add (local.get $table)
          (i32.shl (i32.shr_u (i32.mul (local.get $word) (i32.const 0x1e35a7bd)) (local.get $shift)) (i32.const 2))))
        (local.set $candidate (i32.load (local.get $place)))
        (i32.store (local.get $place) (local.get $position))
        (local.set $offset (i32.sub (local.get $position) (local.get $candidate)))
        (if (i32.or
              (i32.gt_u (local.get $offset) (i32.const 0xffff))
              (i32.ne (i32.load (local.get $candidate)) (local.get $word)))
          (then
            (local.set $position (i32.add (local.get $position) (i32.shr_u (local.get $misses) (i32.const 5))))
            (local.set $misses (i32.add (local.get $misses) (i32.const 1)))
            (br $next)))
        (if (i32.lt_u (local.get $literal) (local.get $position))
          (then (local.set $out (call $literal (local.get $literal) (local.get $position) (local.get $out)))))
        (local.set $size (i32.const 4))
        (local.set $most (i32.sub (local.get $end) (local.get $position)))
        (block $differs
          (loop $words
            (if (i32.le_u (i32.add (local.get $size) (i32.const 16)) (local.get $most))
              (then
                ;; The word is used for which of 16 bytes differ.
                (local.set $word (i8x16.bitmask (i8x16.ne
                  (v128.load (i32.add (local.get $position) (local.get $size)))
                  (v128.load (i32.add (local.get $candidate) (local.get $size))))))
                (if (local.get $word)
                  (then
                    (local.set $size (i32.add (local.get $size) (i32.ctz (local.get $word))))
                    (br $differs)))
                (local.set $size (i32.add (local.get $size) (i32.const 16)))
                (br $words))))
          (loop $bytes
            (br_if $differs (i32.ge_u (local.get $size) (local.get $most)))
            (br_if $differs (i32.ne
              (i32.load8_u (i32.add (local.get $position) (local.get $size)))
              (i32.load8_u (i32.add (local.get $candidate) (local.get $size)))))
            (local.set $size (i32.add (local.get $size) (i32.const 1)))
            (br $bytes)))
        (local.set $position (i32.add (local.get $position) (local.get $size)))
        (local.set $literal (local.get $position))
        (local.set $misses (i32.const 32))
        (loop $copies
          (if (i32.ge_u (local.get $size) (i32.const 68))
            (then
              (local.set $out (call $copy (local.get $offset) (i32.const 64) (local.get $out)))
              (local.set $size (i32.sub (local.get $size) (i32.const 64)))
              (br $copies))))
        (if (i32.gt_u (local.get $size) (i32.const 64))
          (then
            (local.set $out (call $copy (local.get $offset) (i32.const 60) (local.get $out)))
            (local.set $size (i32.sub (local.get $size) (i32.const 60)))))
        (if (i32.or (i32.ge_u (local.get $size) (i32.const 12)) (i32.ge_u (local.get $offset) (i32.const 2048)))
          (then (local.set $out (call $copy (local.get $offset) (local.get $size) (local.get $out))))
          (else
            (i32.store16 (local.get $out)
              (i32.or
                (i32.or
                  (i32.shl (i32.and (local.get $offset) (i32.const 0xff)) (i32.const 8))
                  (i32.shl (i32.shr_u (local.get $offset) (i32.const 8)) (i32.const 5)))
                (i32.sub (i32.shl (local.get $size) (i32.const 2)) (i32.const 15))))
            (local.set $out (i32.add (local.get $out) (i32.const 2)))))
        (if (i32.lt_u (local.get $position) (local.get $last))
          (then
            (i32.store
              (i32.add (local.get $table) (i32.shl
                (i32.shr_u
                  (i32.mul (i32.load (i32.sub (local.get $position) (i32.const 1))) (i32.const 0x1e35a7bd))
                  (local.get $shift))
                (i32.const 2)))
              (i32.sub (local.get $position) (i32.const 1)))))
        (br $next)))
    (if (i32.lt_u (local.get $literal) (local.get $end))
      (then (local.set $out (call $literal (local.get $literal) (local.get $end) (local.get $out)))))
    (local.get $out))

  ;; Whether a byte from $from to $to is not ASCII.
  (func $high (param $from i32) (param $to i32) (result i32)
    (local $last i32) (local $all v128)
    (local.set $last (i32.sub (local.get $to) (i32.const 16)))
    (loop $next
      (if (i32.le_s (local.get $from) (local.get $last))
        (then
          (local.set $all (v128.or (local.get $all) (v128.load (local.get $from))))
          (local.set $from (i32.add (local.get $from) (i32.const 16)))
          (br $next))))
    (i32.or
      (i8x16.bitmask (local.get $all))
      (i32.and
        (i8x16.bitmask (v128.load (local.get $from)))
        (i32.sub (i32.shl (i32.const 1) (i32.sub (local.get $to) (local.get $from))) (i32.const 1)))))

  ;; Whether $length bytes at $a and at $b are the same.
  (func $same (param $a i32) (param $b i32) (param $length i32) (result i32)
    (loop $next
      (if (i32.eqz (local.get $length)) (then (return (i32.const 1))))
      (local.set $length (i32.sub (local.get $length) (i32.const 1)))
      (br_if $next (i32.eq
        (i32.load8_u (i32.add (local.get $a) (local.get $length)))
        (i32.load8_u (i32.add (local.get $b) (local.get $length))))))
    (i32.const 0))

  ;; Walks a WriteRequest from $position to $end as scan.ts does, as long as it looks as nearly all do:
  ;;
  ;;     WriteRequest   0a ll  TimeSeries…                       ll: a length of one or two bytes
  ;;     TimeSeries     0a ll  Label…   12 l  Sample…            labels first
  ;;     Label          0a l name…  12 ll value…                 ASCII, neither missing
  ;;     Sample         09 value (8 bytes)  10 timestamp         the value may be missing
  ;;
  ;; Where there is a name of $nameLength bytes at $name, each label of that name has the $valueLength bytes at $value, or none.
  ;;
  ;; Gives the number of series, and at 0 that of samples (i32), at 8 the lowest and at 16 the highest timestamp (f64, milliseconds). -1 when
  ;; anything is otherwise: damaged or only uncommon. Up to 16 bytes behind the end are read.
  (func (export "scan")
    (param $position i32) (param $end i32) (param $name i32) (param $nameLength i32) (param $value i32) (param $valueLength i32)
    (result i32)
    (local $series i32) (local $samples i32) (local $seriesEnd i32) (local $length i32) (local $second i32)
    (local $named i32) (local $run i32) (local $labelEnd i32) (local $nameStart i32) (local $nameBytes i32)
    (local $valueStart i32) (local $valueBytes i32)
    (local $time i64) (local $shift i64) (local $byte i32) (local $min i64) (local $max i64)
    (local.set $min (i64.const 0x7fffffffffffffff))
    (local.set $max (i64.const 0x8000000000000000))
    (block $uncommon
      (loop $nextSeries
        (if (i32.ge_u (local.get $position) (local.get $end))
          (then
            (i32.store (i32.const 0) (local.get $samples))
            (f64.store (i32.const 8) (f64.convert_i64_s (local.get $min)))
            (f64.store (i32.const 16) (f64.convert_i64_s (local.get $max)))
            (return (local.get $series))))
        (br_if $uncommon (i32.ne (i32.load8_u (local.get $position)) (i32.const 0x0a)))
        (local.set $length (i32.load8_u offset=1 (local.get $position)))
        (local.set $position (i32.add (local.get $position) (i32.const 2)))
        (if (i32.ge_u (local.get $length) (i32.const 0x80))
          (then
            (local.set $second (i32.load8_u (local.get $position)))
            (local.set $position (i32.add (local.get $position) (i32.const 1)))
            (br_if $uncommon (i32.ge_u (local.get $second) (i32.const 0x80)))
            (local.set $length (i32.or (i32.and (local.get $length) (i32.const 0x7f)) (i32.shl (local.get $second) (i32.const 7))))))
        (local.set $seriesEnd (i32.add (local.get $position) (local.get $length)))
        (br_if $uncommon (i32.gt_u (local.get $seriesEnd) (local.get $end)))
        (local.set $named (i32.const 0))
        (local.set $run (local.get $position))
        (block $labelsDone
          (loop $nextLabel
            (br_if $labelsDone (i32.ge_u (local.get $position) (local.get $seriesEnd)))
            (br_if $labelsDone (i32.ne (i32.load8_u (local.get $position)) (i32.const 0x0a)))
            (local.set $length (i32.load8_u offset=1 (local.get $position)))
            (local.set $nameStart (i32.add (local.get $position) (i32.const 2)))
            ;; The bytes of longer lengths are not ASCII: what is before them is looked at, and they are left out.
            (if (i32.ge_u (local.get $length) (i32.const 0x80))
              (then
                (local.set $second (i32.load8_u offset=2 (local.get $position)))
                (br_if $uncommon (i32.ge_u (local.get $second) (i32.const 0x80)))
                (local.set $length (i32.or (i32.and (local.get $length) (i32.const 0x7f)) (i32.shl (local.get $second) (i32.const 7))))
                (br_if $uncommon (call $high (local.get $run) (local.get $position)))
                (local.set $nameStart (i32.add (local.get $position) (i32.const 3)))
                (local.set $run (local.get $nameStart))))
            (local.set $labelEnd (i32.add (local.get $nameStart) (local.get $length)))
            (br_if $uncommon (i32.gt_u (local.get $labelEnd) (local.get $seriesEnd)))
            (br_if $uncommon (i32.ne (i32.load8_u (local.get $nameStart)) (i32.const 0x0a)))
            (local.set $nameBytes (i32.load8_u offset=1 (local.get $nameStart)))
            (local.set $nameStart (i32.add (local.get $nameStart) (i32.const 2)))
            (br_if $uncommon (i32.ge_u (i32.sub (local.get $nameBytes) (i32.const 1)) (i32.const 0x7f)))
            (local.set $valueStart (i32.add (local.get $nameStart) (local.get $nameBytes)))
            (br_if $uncommon (i32.gt_u (i32.add (local.get $valueStart) (i32.const 2)) (local.get $labelEnd)))
            (br_if $uncommon (i32.ne (i32.load8_u (local.get $valueStart)) (i32.const 0x12)))
            (local.set $valueBytes (i32.load8_u offset=1 (local.get $valueStart)))
            (local.set $valueStart (i32.add (local.get $valueStart) (i32.const 2)))
            (if (i32.ge_u (local.get $valueBytes) (i32.const 0x80))
              (then
                (local.set $second (i32.load8_u (local.get $valueStart)))
                (br_if $uncommon (i32.ge_u (local.get $second) (i32.const 0x80)))
                (local.set $valueBytes (i32.or (i32.and (local.get $valueBytes) (i32.const 0x7f)) (i32.shl (local.get $second) (i32.const 7))))
                (br_if $uncommon (call $high (local.get $run) (i32.sub (local.get $valueStart) (i32.const 1))))
                (local.set $valueStart (i32.add (local.get $valueStart) (i32.const 1)))
                (local.set $run (local.get $valueStart))))
            (br_if $uncommon (i32.ne (i32.add (local.get $valueStart) (local.get $valueBytes)) (local.get $labelEnd)))
            (if (i32.eq (local.get $nameBytes) (i32.const 8))
              (then
                (if (i64.eq (i64.load (local.get $nameStart)) (i64.const 0x5f5f656d616e5f5f) (; __name__ ;))
                  (then (local.set $named (i32.or (local.get $named) (local.get $valueBytes)))))))
            (if (i32.eq (local.get $nameBytes) (local.get $nameLength))
              (then
                (if (i32.and (i32.ne (local.get $valueBytes) (i32.const 0)) (call $same (local.get $nameStart) (local.get $name) (local.get $nameBytes)))
                  (then
                    (br_if $uncommon (i32.ne (local.get $valueBytes) (local.get $valueLength)))
                    (br_if $uncommon (i32.eqz (call $same (local.get $valueStart) (local.get $value) (local.get $valueBytes))))))))
            (local.set $position (local.get $labelEnd))
            (br $nextLabel)))
        (br_if $uncommon (i32.eqz (local.get $named)))
        (br_if $uncommon (call $high (local.get $run) (local.get $position)))
        (loop $nextSample
          (if (i32.lt_u (local.get $position) (local.get $seriesEnd))
            (then
              (br_if $uncommon (i32.ne (i32.load8_u (local.get $position)) (i32.const 0x12)))
              (local.set $length (i32.load8_u offset=1 (local.get $position)))
              (br_if $uncommon (i32.ge_u (local.get $length) (i32.const 0x80)))
              (local.set $position (i32.add (local.get $position) (i32.const 2)))
              (local.set $length (i32.add (local.get $position) (local.get $length)))
              (br_if $uncommon (i32.gt_u (local.get $length) (local.get $seriesEnd)))
              (if (i32.eq (i32.load8_u (local.get $position)) (i32.const 0x09))
                (then (local.set $position (i32.add (local.get $position) (i32.const 9)))))
              (br_if $uncommon (i32.ge_u (local.get $position) (local.get $length)))
              (br_if $uncommon (i32.ne (i32.load8_u (local.get $position)) (i32.const 0x10)))
              (local.set $time (i64.const 0))
              (local.set $shift (i64.const 0))
              (loop $varint
                (local.set $position (i32.add (local.get $position) (i32.const 1)))
                (local.set $byte (i32.load8_u (local.get $position)))
                (local.set $time (i64.or (local.get $time)
                  (i64.shl (i64.extend_i32_u (i32.and (local.get $byte) (i32.const 0x7f))) (local.get $shift))))
                (local.set $shift (i64.add (local.get $shift) (i64.const 7)))
                (if (i32.ge_u (local.get $byte) (i32.const 0x80))
                  (then
                    (br_if $uncommon (i64.ge_u (local.get $shift) (i64.const 70)))
                    (br $varint))))
              (local.set $position (i32.add (local.get $position) (i32.const 1)))
              (br_if $uncommon (i32.ne (local.get $position) (local.get $length)))
              (local.set $samples (i32.add (local.get $samples) (i32.const 1)))
              (if (i64.lt_s (local.get $time) (local.get $min)) (then (local.set $min (local.get $time))))
              (if (i64.gt_s (local.get $time) (local.get $max)) (then (local.set $max (local.get $time))))
              (br $nextSample))))
        (local.set $series (i32.add (local.get $series) (i32.const 1)))
        (br $nextSeries)))
    (i32.const -1))
)
