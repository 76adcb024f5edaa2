// The logic cells of an iCE40 as simulation models: table, carry, registers and block RAM.
//
// After Lattice "iCE Technology Library", at the primitives' names (SB_LUT4, SB_CARRY, SB_DFF
// and its variants, SB_RAM40_4K), and FPGA-TN-02002 (formerly TN1250), "Memory Usage Guide for
// iCE40 Devices", section "iCE40 sysMEM Embedded Block RAM" with figure 2 (edition 1.5 of June
// 2016, as TN1250: page 2) and table 1.  Names of registers: E has an enable; SR, SS reset or
// set with the clock, and only where enabled; R, S do it at once.

module SB_LUT4(input I0, I1, I2, I3, output O);
    parameter [15:0] LUT_INIT = 0;
    assign O = LUT_INIT[{I3, I2, I1, I0}];
endmodule

module SB_CARRY(input I0, I1, CI, output CO);
    assign CO = I0 & I1 | (I0 | I1) & CI;
endmodule

module SB_DFF(input C, D, output reg Q = 0);
    always @(posedge C) Q <= D;
endmodule

module SB_DFFE(input C, E, D, output reg Q = 0);
    always @(posedge C) if (E) Q <= D;
endmodule

module SB_DFFSR(input C, R, D, output reg Q = 0);
    always @(posedge C) Q <= D & ~R;
endmodule

module SB_DFFSS(input C, S, D, output reg Q = 0);
    always @(posedge C) Q <= D | S;
endmodule

module SB_DFFESR(input C, E, R, D, output reg Q = 0);
    always @(posedge C) if (E) Q <= D & ~R;
endmodule

module SB_DFFESS(input C, E, S, D, output reg Q = 0);
    always @(posedge C) if (E) Q <= D | S;
endmodule

module SB_DFFR(input C, R, D, output reg Q = 0);
    always @(posedge C, posedge R) if (R) Q <= 0; else Q <= D;
endmodule

module SB_DFFS(input C, S, D, output reg Q = 0);
    always @(posedge C, posedge S) if (S) Q <= 1; else Q <= D;
endmodule

module SB_DFFER(input C, E, R, D, output reg Q = 0);
    always @(posedge C, posedge R) if (R) Q <= 0; else if (E) Q <= D;
endmodule

module SB_DFFES(input C, E, S, D, output reg Q = 0);
    always @(posedge C, posedge S) if (S) Q <= 1; else if (E) Q <= D;
endmodule

// 4 Kbit: 256 x 16 (mode 0), 512 x 8 (1), 1024 x 4 (2) or 2048 x 2 (3), each port in its own mode.
// A narrower word takes one bit out of every 2, 4 or 8, which the upper address bits choose; its
// pins are those in the middle of their groups.  MASK counts in mode 0 only.  What a read shows of
// bits that are written with the same clock the guide leaves open: here the word comes inverted.
module SB_RAM40_4K(
    output [15:0] RDATA, input RCLK, RCLKE, RE, input [10:0] RADDR,
    input WCLK, WCLKE, WE, input [10:0] WADDR, input [15:0] MASK, WDATA
);
    parameter WRITE_MODE = 0, READ_MODE = 0;
    parameter [255:0] INIT_0 = 0, INIT_1 = 0, INIT_2 = 0, INIT_3 = 0, INIT_4 = 0, INIT_5 = 0, INIT_6
        = 0,
        INIT_7 = 0, INIT_8 = 0, INIT_9 = 0, INIT_A = 0, INIT_B = 0, INIT_C = 0, INIT_D = 0, INIT_E =
            0,
        INIT_F = 0;
    localparam [4095:0] INIT = {INIT_F, INIT_E, INIT_D, INIT_C, INIT_B, INIT_A, INIT_9, INIT_8,
        INIT_7,
        INIT_6, INIT_5, INIT_4, INIT_3, INIT_2, INIT_1, INIT_0};
    localparam W_GROUP = 1 << WRITE_MODE, R_GROUP = 1 << READ_MODE;
    // Pins 0, 2, ...; 1, 5, ...; 3, 11.
    localparam W_PIN = (W_GROUP - 1) / 2, R_PIN = (R_GROUP - 1) / 2;

    reg [15:0] words [0:255];
    integer k;
    initial for (k = 0; k < 256; k = k + 1) words[k] = INIT[16*k +: 16];

    wire [2:0] w_bit = WADDR[10:8] & (W_GROUP - 1), r_bit = RADDR[10:8] & (R_GROUP - 1);
    // They share bits if their places agree as far as both have one.
    localparam COMMON = (W_GROUP < R_GROUP ? W_GROUP : R_GROUP) - 1;
    wire writes = WE && WCLKE && (WRITE_MODE != 0 || MASK != 16'hffff);
    wire collides = writes && WADDR[7:0] == RADDR[7:0] && (w_bit & COMMON) == (r_bit & COMMON);
    reg [15:0] latch;
    reg [2:0] r_place;

    always @(posedge WCLK)
        if (writes)
            for (k = 0; k < 16; k = k + 1)
                if (WRITE_MODE == 0 ? !MASK[k] : k % W_GROUP == w_bit)
                    words[WADDR[7:0]][k] <= WDATA[k / W_GROUP * W_GROUP + W_PIN];

    always @(posedge RCLK)
        if (RE && RCLKE) begin
            latch <= words[RADDR[7:0]] ^ {16{collides}};
            r_place <= r_bit;
        end

    genvar pin;
    generate
        for (pin = 0; pin < 16; pin = pin + 1) begin : pins
            if (READ_MODE == 0)
                assign RDATA[pin] = latch[pin];
            else if (pin % R_GROUP == R_PIN)
                assign RDATA[pin] = latch[pin - R_PIN + r_place];
            else
                assign RDATA[pin] = 1'b0;
        end
    endgenerate
endmodule
