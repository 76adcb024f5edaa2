// The cells of an ECP5 slice as simulation models: look-up tables, their multiplexers, carry
// chain, distributed memory and registers.
//
// After Lattice FPGA-DS-02012, "ECP5 and ECP5-5G Family Data Sheet", section 2.2, "PFU Blocks" (in
// edition 2.1 of April 2019 from page 12: 2.2.1 slices and their registers, page 13; 2.2.2 logic,
// ripple and RAM modes, from page 16), and the Lattice Diamond "FPGA Libraries Reference Guide" at
// the primitives' names (LUT4, PFUMX, L6MUX21, CCU2C, DPR16X4C); Project Trellis calls the last and
// the registers TRELLIS_DPR16X4 and TRELLIS_FF.

module LUT4(input A, B, C, D, output Z);
    parameter [15:0] INIT = 0;
    assign Z = INIT[{D, C, B, A}];
endmodule

module PFUMX(input ALUT, BLUT, C0, output Z);
    assign Z = C0 ? ALUT : BLUT;
endmodule

module L6MUX21(input D0, D1, SD, output Z);
    assign Z = SD ? D1 : D0;
endmodule

// Two bits of a carry chain.  Each has a table of four inputs, whose output xor the carry in is the
// sum; where it is 0, the carry out is the lower quarter of the table at A and B.  INJECT1 "YES"
// keeps the carry out of the sum and the quarter out of the carry.
module CCU2C(input CIN, A0, B0, C0, D0, A1, B1, C1, D1, output S0, S1, COUT);
    parameter [15:0] INIT0 = 0, INIT1 = 0;
    parameter INJECT1_0 = "YES", INJECT1_1 = "YES";

    wire table_0 = INIT0[{D0, C0, B0, A0}], table_1 = INIT1[{D1, C1, B1, A1}];
    wire quarter_0 = INJECT1_0 != "YES" && INIT0[{2'b00, B0, A0}];
    wire quarter_1 = INJECT1_1 != "YES" && INIT1[{2'b00, B1, A1}];
    wire carry = table_0 ? CIN : quarter_0;
    assign S0 = table_0 ^ (INJECT1_0 != "YES" && CIN);
    assign S1 = table_1 ^ (INJECT1_1 != "YES" && carry);
    assign COUT = table_1 ? carry : quarter_1;
endmodule

// 16 words of 4 bits; a combinational read port.
module TRELLIS_DPR16X4(input [3:0] DI, WAD, RAD, input WRE, WCK, output [3:0] DO);
    parameter WCKMUX = "WCK", WREMUX = "WRE";
    parameter [63:0] INITVAL = 0;

    initial if (WCKMUX == "INV") $fatal(1, "TRELLIS_DPR16X4: inverted clocks are not modelled");

    wire writes = WREMUX == "WRE" ? WRE : WREMUX == "INV" ? ~WRE : WREMUX != "0";
    reg [3:0] words [0:15];
    integer k;
    initial for (k = 0; k < 16; k = k + 1) words[k] = INITVAL[4*k +: 4];

    always @(posedge WCK) if (writes) words[WAD] <= DI;
    assign DO = words[RAD];
endmodule

// CEMUX: CE, INV or a constant; LSR: set or reset by REGSET, synchronous unless SRMODE is ASYNC.
module TRELLIS_FF(input CLK, LSR, CE, DI, M, output reg Q);
    parameter GSR = "ENABLED", CEMUX = "1", CLKMUX = "CLK", LSRMUX = "LSR", LSRONMUX = "LSRMUX";
    parameter REGSET = "RESET", SRMODE = "LSR_OVER_CE", LSRMODE = "LSR";

    wire enable = CEMUX == "CE" ? CE : CEMUX == "INV" ? ~CE : CEMUX != "0";
    wire reset = LSRONMUX == "0" ? 1'b0 : LSRMUX == "INV" ? ~LSR : LSR;

    initial begin
        if (CLKMUX == "INV") $fatal(1, "TRELLIS_FF: inverted clocks are not modelled");
        if (LSRMODE != "LSR") $fatal(1, "TRELLIS_FF: preloading is not modelled");
        Q = REGSET == "SET";
    end

    generate
        if (SRMODE == "ASYNC") begin
            always @(posedge CLK, posedge reset)
                if (reset) Q <= REGSET == "SET";
                else if (enable) Q <= DI;
        end else begin
            always @(posedge CLK)
                if (reset && (enable || SRMODE == "LSR_OVER_CE")) Q <= REGSET == "SET";
                else if (enable) Q <= DI;
        end
    endgenerate
endmodule
