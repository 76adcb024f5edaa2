// ECP5 DP16KD as a simulation model: 18 Kbit of block RAM, port A writes, port B reads.
//
// After Lattice FPGA-TN-02204 (formerly TN1264), "ECP5 and ECP5-5G Memory Usage Guide", and
// FPGA-DS-02012, "ECP5 and ECP5-5G Family Data Sheet", section 2.8, "sysMEM Memory" (2.8.1
// block, 2.8.2 ports of different width, 2.8.5 kinds of ports): 512 x 36 (pseudo dual port),
// 1024 x 18, 2048 x 9, 4096 x 4, 8192 x 2, 16384 x 1, each port in its own width; addresses
// aligned to the top of 14 bits; byte enables in the lowest address bits of words of two or four
// bytes; REGMODE OUTREG adds a register behind the output latch.  The guide says of WRITEMODE
// that data read by one port while the other writes the same address are unknown: here they are
// inverted, so that whoever uses them is found out.  Nor may anybody use initial values: INITVAL
// is ignored.
//
// Only what this project uses: no write at port B, WRITEMODE NORMAL, no resets, chip selects idle;
// anything else is refused when simulation starts.
module DP16KD(
    input DIA17, DIA16, DIA15, DIA14, DIA13, DIA12, DIA11, DIA10, DIA9, DIA8, DIA7, DIA6, DIA5,
        DIA4, DIA3, DIA2, DIA1, DIA0,
    input ADA13, ADA12, ADA11, ADA10, ADA9, ADA8, ADA7, ADA6, ADA5, ADA4, ADA3, ADA2, ADA1, ADA0,
    input CEA, OCEA, CLKA, WEA, RSTA, CSA2, CSA1, CSA0,
    output DOA17, DOA16, DOA15, DOA14, DOA13, DOA12, DOA11, DOA10, DOA9, DOA8, DOA7, DOA6, DOA5,
        DOA4, DOA3, DOA2, DOA1, DOA0,
    input DIB17, DIB16, DIB15, DIB14, DIB13, DIB12, DIB11, DIB10, DIB9, DIB8, DIB7, DIB6, DIB5,
        DIB4, DIB3, DIB2, DIB1, DIB0,
    input ADB13, ADB12, ADB11, ADB10, ADB9, ADB8, ADB7, ADB6, ADB5, ADB4, ADB3, ADB2, ADB1, ADB0,
    input CEB, OCEB, CLKB, WEB, RSTB, CSB2, CSB1, CSB0,
    output DOB17, DOB16, DOB15, DOB14, DOB13, DOB12, DOB11, DOB10, DOB9, DOB8, DOB7, DOB6, DOB5,
        DOB4, DOB3, DOB2, DOB1, DOB0
);
    parameter DATA_WIDTH_A = 18, DATA_WIDTH_B = 18;
    parameter REGMODE_A = "NOREG", REGMODE_B = "NOREG";
    parameter RESETMODE = "SYNC", ASYNC_RESET_RELEASE = "SYNC", GSR = "ENABLED";
    parameter CSDECODE_A = "0b000", CSDECODE_B = "0b000";
    parameter WRITEMODE_A = "NORMAL", WRITEMODE_B = "NORMAL";
    parameter CLKAMUX = "CLKA", CLKBMUX = "CLKB";
    parameter [319:0] INITVAL_00 = 0, INITVAL_01 = 0, INITVAL_02 = 0, INITVAL_03 = 0, INITVAL_04 =
        0, INITVAL_05 = 0, INITVAL_06 = 0, INITVAL_07 = 0, INITVAL_08 = 0, INITVAL_09 = 0,
        INITVAL_0A = 0, INITVAL_0B = 0, INITVAL_0C = 0, INITVAL_0D = 0, INITVAL_0E = 0, INITVAL_0F =
        0, INITVAL_10 = 0, INITVAL_11 = 0, INITVAL_12 = 0, INITVAL_13 = 0, INITVAL_14 = 0,
        INITVAL_15 = 0, INITVAL_16 = 0, INITVAL_17 = 0, INITVAL_18 = 0, INITVAL_19 = 0, INITVAL_1A =
        0, INITVAL_1B = 0, INITVAL_1C = 0, INITVAL_1D = 0, INITVAL_1E = 0, INITVAL_1F = 0,
        INITVAL_20 = 0, INITVAL_21 = 0, INITVAL_22 = 0, INITVAL_23 = 0, INITVAL_24 = 0, INITVAL_25 =
        0, INITVAL_26 = 0, INITVAL_27 = 0, INITVAL_28 = 0, INITVAL_29 = 0, INITVAL_2A = 0,
        INITVAL_2B = 0, INITVAL_2C = 0, INITVAL_2D = 0, INITVAL_2E = 0, INITVAL_2F = 0, INITVAL_30 =
        0, INITVAL_31 = 0, INITVAL_32 = 0, INITVAL_33 = 0, INITVAL_34 = 0, INITVAL_35 = 0,
        INITVAL_36 = 0, INITVAL_37 = 0, INITVAL_38 = 0, INITVAL_39 = 0, INITVAL_3A = 0, INITVAL_3B =
        0, INITVAL_3C = 0, INITVAL_3D = 0, INITVAL_3E = 0, INITVAL_3F = 0;

    // Address bits below a word's number, by width.
    localparam SKIP_A = DATA_WIDTH_A == 36 ? 5 : DATA_WIDTH_A == 18 ? 4 : DATA_WIDTH_A == 9 ? 3
                      : DATA_WIDTH_A == 4 ? 2 : DATA_WIDTH_A == 2 ? 1 : 0;
    localparam SKIP_B = DATA_WIDTH_B == 36 ? 5 : DATA_WIDTH_B == 18 ? 4 : DATA_WIDTH_B == 9 ? 3
                      : DATA_WIDTH_B == 4 ? 2 : DATA_WIDTH_B == 2 ? 1 : 0;
    localparam SKIP = SKIP_A > SKIP_B ? SKIP_A : SKIP_B;
    localparam BYTES_A = DATA_WIDTH_A == 36 ? 4 : DATA_WIDTH_A == 18 ? 2 : 1;
    localparam BYTES_B = DATA_WIDTH_B == 36 ? 4 : DATA_WIDTH_B == 18 ? 2 : 1;

    initial begin
        if (WEB !== 0 || RSTA !== 0 || RSTB !== 0 || {CSA2, CSA1, CSA0, CSB2, CSB1, CSB0} !== 0)
            $fatal(1, "DP16KD: writes at port B, resets and chip selects are not modelled");
        if (DATA_WIDTH_B == 36 && REGMODE_A != REGMODE_B)
            $fatal(1, "DP16KD: words of 36 bits need the same REGMODE for both halves");
        if (WRITEMODE_A != "NORMAL")
            $fatal(1, "DP16KD: only WRITEMODE NORMAL is modelled");
        if (CLKAMUX != "CLKA" || CLKBMUX != "CLKB")
            $fatal(1, "DP16KD: inverted clocks are not modelled");
    end

    wire [13:0] address_a = {ADA13, ADA12, ADA11, ADA10, ADA9, ADA8, ADA7, ADA6, ADA5, ADA4, ADA3,
        ADA2, ADA1, ADA0};
    wire [13:0] address_b = {ADB13, ADB12, ADB11, ADB10, ADB9, ADB8, ADB7, ADB6, ADB5, ADB4, ADB3,
        ADB2, ADB1, ADB0};
    wire [10:0] byte_a = address_a[13:3] & ~(BYTES_A - 1), byte_b = address_b[13:3] & ~(BYTES_B -
        1);
    wire [35:0] written = {DIB17, DIB16, DIB15, DIB14, DIB13, DIB12, DIB11, DIB10, DIB9, DIB8, DIB7,
        DIB6, DIB5, DIB4, DIB3, DIB2, DIB1, DIB0,
                          DIA17, DIA16, DIA15, DIA14, DIA13, DIA12, DIA11, DIA10, DIA9, DIA8, DIA7,
                              DIA6, DIA5, DIA4, DIA3, DIA2, DIA1, DIA0};
    wire [3:0] enables = BYTES_A == 4 ? address_a[3:0] : BYTES_A == 2 ? address_a[1:0] : 1'b1;
    wire writes = CEA && WEA && enables != 0;
    wire collides = writes && address_a >> SKIP == address_b >> SKIP;

    reg [8:0] bytes [0:2047];
    reg [35:0] latch, register;
    reg [17:0] latch_a, register_a;
    wire [2:0] place_a = address_a[2:0] & ~((1 << SKIP_A) - 1);
    wire [2:0] place_b = address_b[2:0] & ~((1 << SKIP_B) - 1);
    wire [8:0] only = bytes[byte_b];
    wire [35:0] word = BYTES_B == 4 ? {bytes[byte_b + 3], bytes[byte_b + 2], bytes[byte_b + 1],
        only}
                     : BYTES_B == 2 ? {bytes[byte_b + 1], only}
                     : DATA_WIDTH_B == 9 ? only : only[7:0] >> place_b;
    wire [8:0] only_a = bytes[byte_a];
    wire [17:0] word_a = BYTES_A == 2 ? {bytes[byte_a + 1], only_a}
                       : DATA_WIDTH_A == 9 ? only_a : only_a[7:0] >> place_a;
    integer k;
    initial for (k = 0; k < 2048; k = k + 1) bytes[k] = 9'h155;

    always @(posedge CLKA)
        if (writes)
            if (DATA_WIDTH_A < 9)
                bytes[byte_a][place_a +: (DATA_WIDTH_A < 9 ? DATA_WIDTH_A : 1)] <= written;
            else
                for (k = 0; k < BYTES_A; k = k + 1)
                    if (enables[k]) bytes[byte_a + k] <= written[9*k +: 9];

    // WRITEMODE NORMAL: a port that writes keeps what it read before.
    always @(posedge CLKA) begin
        if (CEA && !WEA) latch_a <= word_a;
        if (OCEA) register_a <= latch_a;
    end

    always @(posedge CLKB) begin
        if (CEB) latch <= word ^ {36{collides}};
        if (OCEB) register <= latch;
    end

    wire [35:0] result = REGMODE_B == "OUTREG" ? register : latch;
    wire [17:0] result_a = REGMODE_A == "OUTREG" ? register_a : latch_a;
    assign {DOA17, DOA16, DOA15, DOA14, DOA13, DOA12, DOA11, DOA10, DOA9, DOA8, DOA7, DOA6, DOA5,
        DOA4, DOA3, DOA2, DOA1, DOA0} = DATA_WIDTH_B == 36 ? result[17:0]
        : DATA_WIDTH_A == 36 ? 18'h2aaaa : result_a;
    assign {DOB17, DOB16, DOB15, DOB14, DOB13, DOB12, DOB11, DOB10, DOB9, DOB8, DOB7, DOB6, DOB5,
        DOB4, DOB3, DOB2, DOB1, DOB0} = DATA_WIDTH_B == 36 ? result[35:18] : result[17:0];
endmodule
