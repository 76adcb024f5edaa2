// iCE40 UltraPlus SB_MAC16 as a simulation model: one 16 x 16 product, plus C and D.
//
// After Lattice FPGA-TN-02007 (formerly TN1295), "DSP Function Usage Guide for iCE40 Devices"
// (functional model: figure 2, on page 2 of TN1295; also "iCE Technology Library" 3.0, figure on
// page 133; both pages as Yosys' own model of the cell, ice40/cells_sim.v, gives them.
// Parameters *OUTPUT_SELECT: 0 adder, 1 adder with register, 3 product; *ADDSUB_UPPERINPUT 1: C,
// D; *ADDSUB_LOWERINPUT 2: product; TOPADDSUB_CARRYSELECT 2: carry of the lower half).  Only
// what this project uses: operands without registers, no accumulation, no 8 x 8 products, no
// cascade; anything else is refused when simulation starts.
module SB_MAC16(
    input CLK, CE,
    input [15:0] A, B, C, D,
    input AHOLD, BHOLD, CHOLD, DHOLD, IRSTTOP, IRSTBOT, ORSTTOP, ORSTBOT, OLOADTOP, OLOADBOT,
    input ADDSUBTOP, ADDSUBBOT, OHOLDTOP, OHOLDBOT, CI,
    output [31:0] O
);
    parameter [0:0] A_SIGNED = 0, B_SIGNED = 0;
    parameter [1:0] TOPOUTPUT_SELECT = 0, BOTOUTPUT_SELECT = 0;
    parameter [1:0] TOPADDSUB_LOWERINPUT = 0, BOTADDSUB_LOWERINPUT = 0;
    parameter [0:0] TOPADDSUB_UPPERINPUT = 0, BOTADDSUB_UPPERINPUT = 0;
    parameter [1:0] TOPADDSUB_CARRYSELECT = 0, BOTADDSUB_CARRYSELECT = 0;

    initial begin
        if (TOPOUTPUT_SELECT != 1 || BOTOUTPUT_SELECT != 1
            || TOPADDSUB_LOWERINPUT != 2 || BOTADDSUB_LOWERINPUT != 2
            || !TOPADDSUB_UPPERINPUT || !BOTADDSUB_UPPERINPUT
            || TOPADDSUB_CARRYSELECT != 2 || BOTADDSUB_CARRYSELECT != 0)
            $fatal(1, "SB_MAC16: only a registered product plus C and D is modelled");
        if (CE !== 1 || ADDSUBTOP !== 0 || ADDSUBBOT !== 0 || OLOADTOP !== 0 || OLOADBOT !== 0
            || OHOLDTOP !== 0 || OHOLDBOT !== 0 || ORSTTOP !== 0 || ORSTBOT !== 0)
            $fatal(1, "SB_MAC16: holding, loading, subtracting and resets are not modelled");
    end

    wire signed [16:0] a = {A_SIGNED & A[15], A}, b = {B_SIGNED & B[15], B};
    wire signed [33:0] product = a * b;
    reg [31:0] sum;
    always @(posedge CLK) sum <= product[31:0] + {C, D};
    assign O = sum;
endmodule
